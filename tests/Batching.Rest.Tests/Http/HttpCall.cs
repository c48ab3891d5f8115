namespace Batching.Rest.Tests.Http;

/// <summary>A request as it is to be sent.</summary>
/// <param name="Method">The method.</param>
/// <param name="Target">Path and query, sent as they are.</param>
/// <param name="IsHttp2">HTTP/2 with prior knowledge, else HTTP/1.1.</param>
/// <param name="Headers">The header fields beside those of the connection.</param>
/// <param name="Body">The body; null for none.</param>
internal sealed record HttpCall(
    string Method, string Target, bool IsHttp2, IReadOnlyList<KeyValuePair<string, string>> Headers, byte[]? Body)
{
    /// <summary>The value of a field; empty if it is not there.</summary>
    public string Header(string name) =>
        Headers.FirstOrDefault(field => field.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value ?? "";
}
