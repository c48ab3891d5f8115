namespace Batching.Rest.Tests.Http;

/// <summary>A reply as it came.</summary>
internal sealed class HttpReply
{
    public required int Status { get; init; }

    /// <summary>Whether a 100 (Continue) came first.</summary>
    public bool HasContinued { get; init; }

    /// <summary>Whether the connection ended before the reply did.</summary>
    public bool IsCut { get; init; }

    public required IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; }

    public IReadOnlyList<KeyValuePair<string, string>> Trailers { get; init; } = [];

    /// <summary>The bytes of the body, without the framing of chunks.</summary>
    public required byte[] Body { get; init; }

    public string ContentEncoding => Headers
        .FirstOrDefault(header => header.Key.Equals("Content-Encoding", StringComparison.OrdinalIgnoreCase))
        .Value ?? "";

    /// <summary>The body as it was before it was compressed.</summary>
    public byte[] DecodedBody => ContentEncoding.Length == 0 || Body.Length == 0
        ? Body
        : ContentCoding.Decode(ContentEncoding, Body);
}
