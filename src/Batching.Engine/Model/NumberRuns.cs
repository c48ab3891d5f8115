using System.Buffers.Binary;

namespace Batching.Engine.Model;

/// <summary>
/// The numbers of a batch's requests that don't follow its own number: runs of consecutive ones, reserved when they were
/// needed. Immutable.
/// </summary>
public sealed class NumberRuns
{
    private const int EncodedLength = sizeof(long) + sizeof(int);

    private readonly (long First, int Count)[] _runs;

    private NumberRuns((long First, int Count)[] runs)
    {
        _runs = runs;
        Count = runs.Sum(run => run.Count);
    }

    /// <summary>No numbers.</summary>
    public static NumberRuns None { get; } = new([]);

    /// <summary>The number of numbers.</summary>
    public int Count { get; }

    /// <summary>The number at a place, from 0.</summary>
    public long this[int place]
    {
        get
        {
            foreach (var (first, count) in _runs)
            {
                if (place < count)
                {
                    return first + place;
                }

                place -= count;
            }

            throw new ArgumentOutOfRangeException(nameof(place));
        }
    }

    /// <summary>Reads what <see cref="Encode"/> has written.</summary>
    public static NumberRuns Decode(byte[]? encoded)
    {
        if (encoded is null)
        {
            return None;
        }

        var runs = new (long First, int Count)[encoded.Length / EncodedLength];
        for (var i = 0; i < runs.Length; i++)
        {
            var run = encoded.AsSpan(i * EncodedLength);
            runs[i] = (BinaryPrimitives.ReadInt64LittleEndian(run), BinaryPrimitives.ReadInt32LittleEndian(run[sizeof(long)..]));
        }

        return new NumberRuns(runs);
    }

    /// <summary>The place of a number; false if it is none of them.</summary>
    public bool TryFind(long number, out int place)
    {
        place = 0;
        foreach (var (first, count) in _runs)
        {
            if (number >= first && number < first + count)
            {
                place += (int)(number - first);
                return true;
            }

            place += count;
        }

        return false;
    }

    /// <summary>The same with more numbers behind those that there are.</summary>
    public NumberRuns With(long first, int count) => _runs is [.., var last] && last.First + last.Count == first
        ? new([.. _runs[..^1], (last.First, last.Count + count)])
        : new([.. _runs, (first, count)]);

    /// <summary>For each run its first number in 64 bits and their count in 32, little-endian; null without any.</summary>
    public byte[]? Encode()
    {
        if (_runs.Length == 0)
        {
            return null;
        }

        var encoded = new byte[_runs.Length * EncodedLength];
        for (var i = 0; i < _runs.Length; i++)
        {
            var run = encoded.AsSpan(i * EncodedLength);
            BinaryPrimitives.WriteInt64LittleEndian(run, _runs[i].First);
            BinaryPrimitives.WriteInt32LittleEndian(run[sizeof(long)..], _runs[i].Count);
        }

        return encoded;
    }
}
