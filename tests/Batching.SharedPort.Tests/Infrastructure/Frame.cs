namespace Batching.SharedPort.Tests.Infrastructure;

/// <summary>An HTTP/2 frame (RFC 9113, section 4.1).</summary>
internal sealed record Frame(byte Type, byte Flags, int Stream, byte[] Payload)
{
    public const byte Data = 0;
    public const byte Headers = 1;
    public const byte Settings = 4;
    public const byte GoAway = 7;

    /// <summary>END_STREAM, of DATA and HEADERS.</summary>
    public bool EndsStream => Type is Data or Headers && (Flags & 1) != 0;
}
