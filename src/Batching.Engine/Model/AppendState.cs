using System.Buffers.Binary;

namespace Batching.Engine.Model;

/// <summary>The progress of a batch that was submitted open: what it was given so far, and the last append, to know it again.</summary>
/// <param name="Requests">Requests that were submitted and appended, without spawned ones.</param>
/// <param name="Bytes">Their bytes, as they are stored.</param>
/// <param name="LastIndex">The index of the first request of the last append.</param>
/// <param name="LastCount">The number of its requests; 0 if nothing was appended yet.</param>
/// <param name="LastHash">The hash of its content, in base64.</param>
public sealed record AppendState(int Requests, long Bytes, int LastIndex, int LastCount, string LastHash)
{
    private const int HeadBytes = 20;

    /// <summary>Whether the last append is the one that is described.</summary>
    /// <param name="offset">Where it begins among the requests that were given; null if that was not said.</param>
    /// <param name="count">The number of its requests.</param>
    /// <param name="hash">The hash of its content.</param>
    public bool IsLast(long? offset, int count, string hash) =>
        offset == Requests - LastCount && count == LastCount && hash == LastHash;

    /// <summary>The state after another append.</summary>
    public AppendState With(int index, int count, long bytes, string hash) =>
        new(Requests + count, Bytes + bytes, index, count, hash);

    /// <summary>The form in which it is stored.</summary>
    public byte[] Encode()
    {
        var hash = Convert.FromBase64String(LastHash);
        var bytes = new byte[HeadBytes + hash.Length];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, Requests);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(4), Bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), LastIndex);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(16), LastCount);
        hash.CopyTo(bytes, HeadBytes);
        return bytes;
    }

    /// <summary>Reads what <see cref="Encode"/> has made; null of null.</summary>
    public static AppendState? Decode(byte[]? bytes) => bytes is null ? null : new(
        BinaryPrimitives.ReadInt32LittleEndian(bytes),
        BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(4)),
        BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(12)),
        BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(16)),
        Convert.ToBase64String(bytes.AsSpan(HeadBytes)));
}
