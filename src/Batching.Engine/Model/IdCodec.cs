using System.Globalization;

namespace Batching.Engine.Model;

/// <summary>
/// Turns the store's consecutive numbers into the ids that callers see, and back: exactly 16 decimal digits, below
/// 2^53 so that every JSON reader keeps them whole, and in an order that tells nobody how many there are.
/// Thread-safe.
/// </summary>
/// <remarks>
/// A keyed permutation: a four-round Feistel network over 54 bits that is walked until it lands in the range of
/// 16-digit numbers, so different keys can never share an id. It hides, it does not protect: what protects a batch
/// is its owner.
/// </remarks>
public sealed class IdCodec
{
    /// <summary>Digits of an id.</summary>
    public const int Length = 16;

    /// <summary>Bytes of secret that the permutation needs.</summary>
    public const int SecretLength = 32;

    private const long First = 1_000_000_000_000_000;
    private const long Count = (1L << 53) - First;
    private const int HalfBits = 27;
    private const ulong HalfMask = (1UL << HalfBits) - 1;

    private readonly ulong[] _roundKeys = new ulong[4];

    /// <summary>Creates the permutation that belongs to a secret.</summary>
    public IdCodec(ReadOnlySpan<byte> secret)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(secret.Length, SecretLength);
        for (var i = 0; i < _roundKeys.Length; i++)
        {
            _roundKeys[i] = System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(secret[(i * 8)..]);
        }
    }

    /// <summary>The id of a number from 0 to 2^53 - 10^15 - 1.</summary>
    public long ToId(long key)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(key);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(key, Count);
        var value = (ulong)key;
        do
        {
            value = Permute(value);
        }
        while (value >= Count);

        return First + (long)value;
    }

    /// <summary>The id as text.</summary>
    public string ToText(long key) => ToId(key).ToString(CultureInfo.InvariantCulture);

    /// <summary>Whether a text looks like an id, whatever it is the id of.</summary>
    public static bool IsWellFormed(string text) => text.Length == Length && text.All(char.IsAsciiDigit);

    /// <summary>Finds the number behind an id; false for a text that no number has.</summary>
    public bool TryParse(string? text, out long key)
    {
        key = 0;
        if (text is not { Length: Length }
            || !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            || id is < First or >= First + Count)
        {
            return false;
        }

        var value = (ulong)(id - First);
        do
        {
            value = Invert(value);
        }
        while (value >= Count);

        key = (long)value;
        return true;
    }

    private ulong Permute(ulong value)
    {
        var left = value >> HalfBits;
        var right = value & HalfMask;
        foreach (var roundKey in _roundKeys)
        {
            (left, right) = (right, left ^ Mix(right, roundKey));
        }

        return (left << HalfBits) | right;
    }

    private ulong Invert(ulong value)
    {
        var left = value >> HalfBits;
        var right = value & HalfMask;
        for (var i = _roundKeys.Length - 1; i >= 0; i--)
        {
            (left, right) = (right ^ Mix(left, _roundKeys[i]), left);
        }

        return (left << HalfBits) | right;
    }

    // The finalizer of SplitMix64: every bit of the half and of the key reaches every bit of the result.
    private static ulong Mix(ulong half, ulong roundKey)
    {
        var x = half + roundKey;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return (x ^ (x >> 31)) & HalfMask;
    }
}
