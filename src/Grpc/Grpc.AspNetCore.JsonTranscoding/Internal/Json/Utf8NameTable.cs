using System.Buffers.Binary;
using System.Text;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>A read-only hash table from UTF-8 names to small numbers, for names as they stand in the input.</summary>
internal sealed class Utf8NameTable
{
    private readonly (byte[]? Name, int Value)[] _slots;

    public Utf8NameTable(IEnumerable<KeyValuePair<string, int>> names)
    {
        var list = names.ToList();
        var size = 4;
        while (size < list.Count * 2)
        {
            size *= 2;
        }

        _slots = new (byte[]?, int)[size];
        foreach (var (name, value) in list)
        {
            var utf8 = Encoding.UTF8.GetBytes(name);
            var slot = Hash(utf8) & (size - 1);
            while (_slots[slot].Name is { } taken && !taken.AsSpan().SequenceEqual(utf8))
            {
                slot = (slot + 1) & (size - 1);
            }

            if (_slots[slot].Name is null)
            {
                _slots[slot] = (utf8, value);
            }
        }
    }

    public bool TryFind(ReadOnlySpan<byte> name, out int value)
    {
        var slots = _slots;
        for (var slot = Hash(name) & (slots.Length - 1); ; slot = (slot + 1) & (slots.Length - 1))
        {
            ref readonly var candidate = ref slots[slot];
            if (candidate.Name is null)
            {
                value = -1;
                return false;
            }

            if (name.SequenceEqual(candidate.Name))
            {
                value = candidate.Value;
                return true;
            }
        }
    }

    // Names of one message rarely share length, first and last bytes; more is not worth its cost.
    private static int Hash(ReadOnlySpan<byte> name)
    {
        var hash = (uint)name.Length * 0x9E3779B1;
        if (name.Length >= 4)
        {
            hash ^= BinaryPrimitives.ReadUInt32LittleEndian(name) * 0x85EBCA6B;
            hash ^= BinaryPrimitives.ReadUInt32LittleEndian(name[^4..]) * 0xC2B2AE35;
        }
        else
        {
            foreach (var b in name)
            {
                hash = (hash ^ b) * 0x01000193;
            }
        }

        return (int)((hash ^ (hash >> 15)) & int.MaxValue);
    }
}
