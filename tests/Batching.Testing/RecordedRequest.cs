using System.Text;

namespace Batching.Testing;

/// <summary>A request as the API received it.</summary>
/// <param name="Method">Its method.</param>
/// <param name="Target">Path and query, exactly as they came.</param>
/// <param name="Headers">Its header fields.</param>
/// <param name="Body">Its body.</param>
public sealed record RecordedRequest(
    string Method, string Target, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    /// <summary>The body, which has to be UTF-8.</summary>
    public string Text => Encoding.UTF8.GetString(Body);
}
