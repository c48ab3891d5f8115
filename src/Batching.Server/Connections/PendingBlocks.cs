using System.Buffers;

namespace Batching.Server.Connections;

/// <summary>Bytes that are to be sent after others, in pooled memory. Not thread-safe.</summary>
/// <param name="blockBytes">Bytes of a block, unless more are wanted at once.</param>
internal sealed class PendingBlocks(int blockBytes)
{
    private readonly List<(byte[] Bytes, int Count)> _blocks = [];

    public bool IsEmpty => _blocks.Count == 0;

    /// <summary>The number of bytes in all blocks.</summary>
    public long Length { get; private set; }

    /// <summary>The blocks, as they were written.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Blocks =>
        _blocks.Select(block => (ReadOnlyMemory<byte>)block.Bytes.AsMemory(0, block.Count));

    /// <summary>Memory to write into.</summary>
    public Memory<byte> GetMemory(int size)
    {
        if (_blocks.Count == 0 || _blocks[^1].Bytes.Length - _blocks[^1].Count < size)
        {
            _blocks.Add((ArrayPool<byte>.Shared.Rent(Math.Max(size, blockBytes)), 0));
        }

        return _blocks[^1].Bytes.AsMemory(_blocks[^1].Count);
    }

    /// <summary>So much was written.</summary>
    public void Advance(int count)
    {
        var (bytes, before) = _blocks[^1];
        _blocks[^1] = (bytes, before + count);
        Length += count;
    }

    /// <summary>Gives the memory back.</summary>
    public void Clear()
    {
        foreach (var (bytes, _) in _blocks)
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }

        _blocks.Clear();
        Length = 0;
    }
}
