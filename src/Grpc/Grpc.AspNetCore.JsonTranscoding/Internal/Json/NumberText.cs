using System.Buffers.Text;
using System.Text.Json;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>Numbers as canonical proto3 JSON allows them: as JSON numbers or as strings that hold one.</summary>
internal static class NumberText
{
    /// <summary>Reads an integer the slow way: quoted, with an exponent, or with a fraction of zeros.</summary>
    public static decimal ReadInteger(ref Utf8JsonReader reader, decimal minimum, decimal maximum)
    {
        if (reader.TokenType is not (JsonTokenType.Number or JsonTokenType.String))
        {
            throw new JsonValueException("A number was expected.");
        }

        using var text = new TokenText(ref reader);
        return ParseInteger(text.Span, minimum, maximum);
    }

    public static decimal ParseInteger(ReadOnlySpan<byte> text, decimal minimum, decimal maximum)
    {
        if (!IsNumber(text))
        {
            throw new JsonValueException("The value is not a number.");
        }

        var isNegative = text[0] == '-';
        var parts = Take(isNegative ? text[1..] : text);
        var digits = parts.Digits;
        var fraction = parts.Fraction.TrimEnd((byte)'0');
        var exponent = parts.Exponent - fraction.Length;
        if (fraction.IsEmpty)
        {
            exponent += digits.Length;
            digits = digits.TrimEnd((byte)'0');
            exponent -= digits.Length;
        }

        digits = digits.TrimStart((byte)'0');
        if (digits.IsEmpty)
        {
            fraction = fraction.TrimStart((byte)'0');
        }

        var length = digits.Length + fraction.Length;
        if (length > 0 && exponent < 0)
        {
            throw new JsonValueException("The value is not an integer.");
        }

        // A decimal holds 28 digits, more than any integer of protobuf has.
        var value = 0m;
        var isInRange = length == 0 || length + exponent <= 28;
        if (isInRange && length > 0)
        {
            value = Append(Append(0, digits), fraction);
            for (; exponent > 0; exponent--)
            {
                value *= 10;
            }

            value = isNegative ? -value : value;
        }

        return isInRange && value >= minimum && value <= maximum
            ? value
            : throw new JsonValueException($"The value must be between {minimum} and {maximum}.");
    }

    public static double ReadDouble(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out var value) && double.IsFinite(value))
        {
            return value;
        }

        if (reader.TokenType is not (JsonTokenType.Number or JsonTokenType.String))
        {
            throw new JsonValueException("A number was expected.");
        }

        using var text = new TokenText(ref reader);
        return reader.TokenType == JsonTokenType.String
            ? ParseDouble(text.Span)
            : throw new JsonValueException("The value is not a number in range.");
    }

    public static double ParseDouble(ReadOnlySpan<byte> text)
    {
        if (IsNumber(text) &&
            Utf8Parser.TryParse(text, out double value, out var used) && used == text.Length && double.IsFinite(value))
        {
            return value;
        }

        return text.SequenceEqual("NaN"u8) ? double.NaN
            : text.SequenceEqual("Infinity"u8) ? double.PositiveInfinity
            : text.SequenceEqual("-Infinity"u8) ? double.NegativeInfinity
            : throw new JsonValueException("The value is not a number in range.");
    }

    /// <summary>Takes an unsigned number apart. An exponent beyond a billion is as good as a billion.</summary>
    private static Parts Take(ReadOnlySpan<byte> text)
    {
        const int limit = 1_000_000_000;
        var parts = new Parts { Digits = text[..CountDigits(text)] };
        text = text[parts.Digits.Length..];
        if (text.Length > 0 && text[0] == '.')
        {
            parts.Fraction = text.Slice(1, CountDigits(text[1..]));
            text = text[(parts.Fraction.Length + 1)..];
        }

        if (text.Length > 0)
        {
            var isNegative = text[1] == '-';
            var digits = text[(text[1] is (byte)'+' or (byte)'-' ? 2 : 1)..].TrimStart((byte)'0');
            var value = digits.Length > 9 ? limit : (long)Append(0, digits);
            parts.Exponent = isNegative ? -value : value;
        }

        return parts;
    }

    private static decimal Append(decimal value, ReadOnlySpan<byte> digits)
    {
        foreach (var digit in digits)
        {
            value = (value * 10) + (digit - '0');
        }

        return value;
    }

    /// <summary>The number grammar of JSON (RFC 8259, section 6), which is narrower than what .NET parses.</summary>
    private static bool IsNumber(ReadOnlySpan<byte> text)
    {
        var at = text.Length > 0 && text[0] == '-' ? 1 : 0;
        var whole = CountDigits(text[at..]);
        if (whole == 0 || (whole > 1 && text[at] == '0'))
        {
            return false;
        }

        at += whole;
        if (at < text.Length && text[at] == '.')
        {
            var fraction = CountDigits(text[++at..]);
            if (fraction == 0)
            {
                return false;
            }

            at += fraction;
        }

        if (at < text.Length && text[at] is (byte)'e' or (byte)'E')
        {
            at++;
            if (at < text.Length && text[at] is (byte)'+' or (byte)'-')
            {
                at++;
            }

            var exponent = CountDigits(text[at..]);
            if (exponent == 0)
            {
                return false;
            }

            at += exponent;
        }

        return at == text.Length;
    }

    private static int CountDigits(ReadOnlySpan<byte> text)
    {
        var other = text.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        return other < 0 ? text.Length : other;
    }

    private ref struct Parts
    {
        public ReadOnlySpan<byte> Digits;
        public ReadOnlySpan<byte> Fraction;
        public long Exponent;
    }
}
