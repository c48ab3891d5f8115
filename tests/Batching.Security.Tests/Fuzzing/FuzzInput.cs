using System.Text;

namespace Batching.Security.Tests.Fuzzing;

/// <summary>One call of the gateway.</summary>
/// <param name="Kind">The way in.</param>
/// <param name="Method">The method of HTTP.</param>
/// <param name="Target">Path and query.</param>
/// <param name="Body">The body; null for none.</param>
/// <param name="Headers">Further header fields.</param>
internal sealed record FuzzInput(
    string Kind, string Method, string Target, byte[]? Body, params (string Name, string Value)[] Headers)
{
    private const int MaxShown = 600;

    public bool IsGrpc { get; init; }

    public override string ToString()
    {
        var body = Body is null ? "" : IsGrpc ? Convert.ToHexString(Body) : Encoding.UTF8.GetString(Body);
        return $"{Method} {Target} [{string.Join(", ", Headers)}] {body[..Math.Min(body.Length, MaxShown)]}";
    }
}
