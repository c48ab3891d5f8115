using System.ComponentModel.DataAnnotations;

namespace Batching.Server.Security.Browser;

/// <summary>The configuration section <c>Batch:Cors</c>: which web pages may call the gateway.</summary>
internal sealed class BrowserOptions
{
    public const string Section = "Batch:Cors";

    /// <summary>
    /// Origin of web pages that may call the gateway over REST or gRPC-Web, such as <c>https://app.example.com</c>; <c>*</c>
    /// alone for all. Without it, pages of other origins than the gateway's own can neither read its replies nor change
    /// anything.
    /// </summary>
    public IList<string> AllowedOrigins { get; } = [];

    /// <summary>
    /// Whether browsers may add by themselves what they hold for the gateway: cookies of a proxy, Basic credentials, client
    /// certificates. Not together with <c>*</c>.
    /// </summary>
    public bool AllowCredentials { get; set; }

    /// <summary>Time for which browsers may remember which origins are allowed.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan MaxAge { get; set; } = TimeSpan.FromMinutes(10);
}
