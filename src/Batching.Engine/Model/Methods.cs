namespace Batching.Engine.Model;

/// <summary>The request methods that the gateway sends.</summary>
internal static class Methods
{
    private static readonly Dictionary<string, HttpMethod> Known =
        new[]
        {
            HttpMethod.Get, HttpMethod.Post, HttpMethod.Put, HttpMethod.Patch, HttpMethod.Delete, HttpMethod.Head,
            HttpMethod.Options,
        }.ToDictionary(method => method.Method, StringComparer.OrdinalIgnoreCase);

    /// <summary>All of them, for messages.</summary>
    public static string All { get; } = string.Join(", ", Known.Keys);

    /// <summary>The method of that name in any case, GET for none; null if it is not one that is sent.</summary>
    public static HttpMethod? Find(string name) => name.Length == 0 ? HttpMethod.Get : Known.GetValueOrDefault(name);

    /// <summary>The request asks for something and changes nothing (RFC 9110, section 9.2.1).</summary>
    public static bool IsSafe(HttpMethod method) =>
        method == HttpMethod.Get || method == HttpMethod.Head || method == HttpMethod.Options;

    /// <summary>
    /// Sending the request twice does what sending it once does (RFC 9110, section 9.2.2), so it may be sent again.
    /// </summary>
    public static bool IsIdempotent(HttpMethod method) => method != HttpMethod.Post && method != HttpMethod.Patch;
}
