using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Batching.Engine.Dependencies;

/// <summary>
/// The keys of the requests of one batch, and whose they are. Of each only a hash of 128 bits is kept, so that a
/// key takes the same little memory whatever its length. Costs nothing before there is a first one. Not thread-safe.
/// </summary>
internal sealed class RequestKeys
{
    /// <summary>Bytes that a key takes at most: its entry, and its share of the table, the one before included.</summary>
    public const int BytesPerKey = 48;

    private const int PageSize = 4096;
    private const int FirstSlots = 64;
    private const int SaltLength = 16;

    // Nobody can choose keys whose hashes meet in the table.
    private static readonly byte[] Salt = RandomNumberGenerator.GetBytes(SaltLength);

    // Entries are never moved: a list would be copied, and held twice, as it grows.
    private readonly List<Entry[]> _pages = [];

    // The number of an entry, from 1; 0 for none.
    private int[] _slots = [];

    /// <summary>The number of keys, those included that were only named.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes that they take at most.</summary>
    public long Bytes => (long)Count * BytesPerKey;

    /// <summary>Adds a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="index">The place of its request.</param>
    /// <param name="first">The place of the request that has it.</param>
    /// <returns>False if another request has it.</returns>
    public bool TryAdd(string key, int index, out int first)
    {
        ref var entry = ref At(Name(key));
        if (entry.Index >= 0)
        {
            first = entry.Index;
            return false;
        }

        entry = entry with { Index = index };
        first = index;
        return true;
    }

    /// <summary>Names a key, whether a request has it, will have it or never has.</summary>
    /// <returns>Its number, see <see cref="IndexOf"/>.</returns>
    public int Name(string key)
    {
        if (4 * (Count + 1) > 3 * _slots.Length)
        {
            Grow();
        }

        var (high, low) = Hash(key);
        var slot = FindSlot(high, low);
        if (_slots[slot] > 0)
        {
            return _slots[slot];
        }

        if (Count % PageSize == 0)
        {
            _pages.Add(new Entry[Count == 0 ? FirstSlots : PageSize]);
        }
        else if (Count == _pages[^1].Length)
        {
            var page = _pages[0];
            Array.Resize(ref page, Math.Min(PageSize, 2 * page.Length));
            _pages[0] = page;
        }

        _pages[^1][Count % PageSize] = new Entry(high, low, -1);
        return _slots[slot] = ++Count;
    }

    /// <summary>The place of the request that has the key of a number; -1 if none has.</summary>
    public int IndexOf(int number) => At(number).Index;

    /// <summary>The place of the request that has a key; -1 if none has.</summary>
    public int Find(string key)
    {
        if (Count == 0)
        {
            return -1;
        }

        var (high, low) = Hash(key);
        var number = _slots[FindSlot(high, low)];
        return number == 0 ? -1 : At(number).Index;
    }

    private static (ulong High, ulong Low) Hash(string key)
    {
        var length = SaltLength + Encoding.UTF8.GetByteCount(key);
        Span<byte> input = length <= 1024 ? stackalloc byte[length] : new byte[length];
        Salt.CopyTo(input);
        Encoding.UTF8.GetBytes(key, input[SaltLength..]);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(input, hash);
        return (BinaryPrimitives.ReadUInt64LittleEndian(hash), BinaryPrimitives.ReadUInt64LittleEndian(hash[sizeof(ulong)..]));
    }

    // The slot that has the hash, or else the one that it belongs in.
    private int FindSlot(ulong high, ulong low)
    {
        var mask = _slots.Length - 1;
        for (var slot = (int)low & mask; ; slot = (slot + 1) & mask)
        {
            if (_slots[slot] == 0 || (At(_slots[slot]).Low == low && At(_slots[slot]).High == high))
            {
                return slot;
            }
        }
    }

    private ref Entry At(int number) => ref _pages[(number - 1) / PageSize][(number - 1) % PageSize];

    private void Grow()
    {
        _slots = new int[Math.Max(FirstSlots, 2 * _slots.Length)];
        for (var number = 1; number <= Count; number++)
        {
            _slots[FindSlot(At(number).High, At(number).Low)] = number;
        }
    }

    private readonly record struct Entry(ulong High, ulong Low, int Index);
}
