namespace Batching.Engine.Model;

/// <summary>
/// A run of results of one batch that were committed together, in the order of their positions. A segment is
/// stored and read as a whole and never changes, but that its payload is deleted when the batch expires.
/// </summary>
public sealed class ResultSegment
{
    /// <summary>
    /// The payload at which a segment is closed. Below the large object heap's threshold on purpose; one larger
    /// result makes a segment of its own.
    /// </summary>
    public const int TargetPayloadBytes = 64 * 1024;

    /// <summary>Puts a segment together from its stored parts.</summary>
    /// <param name="firstPosition">The position of the first result, at least 1.</param>
    /// <param name="entries">The encoded entries, <see cref="ResultEntry.EncodedLength"/> bytes each.</param>
    /// <param name="payload">Headers and bodies; null if they are deleted or were not asked for.</param>
    public ResultSegment(int firstPosition, byte[] entries, byte[]? payload)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(firstPosition, 1);
        if (entries.Length == 0 || entries.Length % ResultEntry.EncodedLength != 0)
        {
            throw new ArgumentException("Not a whole number of entries.", nameof(entries));
        }

        FirstPosition = firstPosition;
        Entries = entries;
        Payload = payload;
    }

    /// <summary>The position of the first result.</summary>
    public int FirstPosition { get; }

    /// <summary>The number of results, at least 1.</summary>
    public int Count => Entries.Length / ResultEntry.EncodedLength;

    /// <summary>The position of the last result.</summary>
    public int LastPosition => FirstPosition + Count - 1;

    /// <summary>The encoded entries.</summary>
    public byte[] Entries { get; }

    /// <summary>Headers and bodies; null if they are deleted or were not asked for.</summary>
    public byte[]? Payload { get; }

    /// <summary>Bytes of headers and bodies, also where they were not asked for or are deleted.</summary>
    public int PayloadBytes
    {
        get
        {
            var last = this[LastPosition];
            return last.Offset + last.HeadersLength + last.BodyLength;
        }
    }

    /// <summary>The entry at a position of this segment.</summary>
    public ResultEntry this[int position] =>
        ResultEntry.Read(Entries.AsSpan((position - FirstPosition) * ResultEntry.EncodedLength));

    /// <summary>The encoded headers of a result; empty without a payload.</summary>
    public ReadOnlyMemory<byte> HeadersOf(in ResultEntry entry) =>
        Payload is null ? default : Payload.AsMemory(entry.Offset, entry.HeadersLength);

    /// <summary>The body of a result; empty without a payload.</summary>
    public ReadOnlyMemory<byte> BodyOf(in ResultEntry entry) =>
        Payload is null ? default : Payload.AsMemory(entry.Offset + entry.HeadersLength, entry.BodyLength);
}
