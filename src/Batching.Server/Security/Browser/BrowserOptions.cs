namespace Batching.Server.Security.Browser;

/// <summary>The configuration section <c>Batch:Cors</c>: which web pages may call the gateway.</summary>
internal sealed class BrowserOptions
{
    public const string Section = "Batch:Cors";

    public static readonly TimeSpan MaxMaxAge = TimeSpan.FromDays(1);

    /// <summary>
    /// The origins of the pages, such as <c>https://app.example.com</c>; <c>*</c> alone for all. Default none: pages of
    /// other origins than the gateway's own can neither read its replies nor change anything.
    /// </summary>
    public IList<string> AllowedOrigins { get; } = [];

    /// <summary>
    /// Whether browsers may add what they hold for the gateway by themselves: cookies of a proxy, Basic credentials,
    /// client certificates. Default false. Not with <c>*</c>.
    /// </summary>
    public bool AllowCredentials { get; set; }

    /// <summary>How long browsers may remember what is allowed. 0 s to 1 day; default 10 min.</summary>
    public TimeSpan MaxAge { get; set; } = TimeSpan.FromMinutes(10);
}
