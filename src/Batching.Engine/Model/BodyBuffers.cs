using System.Buffers;

namespace Batching.Engine.Model;

/// <summary>Pooled buffers for the bodies of answers. Thread-safe.</summary>
internal static class BodyBuffers
{
    // A commit gives back hundreds at once, of which the shared pool keeps a few dozen. All that are kept here take 32 MiB.
    private const int MaxSmall = 16 * 1024;
    private const int SmallOfASize = 1024;

    private static readonly ArrayPool<byte> Small = ArrayPool<byte>.Create(MaxSmall, SmallOfASize);

    /// <summary>A buffer of at least so many bytes.</summary>
    public static byte[] Rent(int length) => PoolFor(length).Rent(length);

    /// <summary>Gives a buffer back.</summary>
    public static void Return(byte[] buffer) => PoolFor(buffer.Length).Return(buffer);

    private static ArrayPool<byte> PoolFor(int length) => length <= MaxSmall ? Small : ArrayPool<byte>.Shared;
}
