using System.Text.Json;
using Google.Protobuf;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>A well-known message whose JSON form is a string with a grammar of its own.</summary>
internal abstract class TextCodec : MessageCodec
{
    public override bool HasText => true;

    public override void Read(ref Utf8JsonReader reader, IMessage message)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            throw new JsonValueException("A string was expected.");
        }

        using var text = new TokenText(ref reader);
        Parse(text.Span, message);
    }

    /// <summary>
    /// Writes a fraction as canonical JSON wants it: a dot and 3, 6 or 9 digits, or nothing for zero.
    /// </summary>
    protected static int FormatFraction(int nanos, Span<byte> target)
    {
        if (nanos == 0)
        {
            return 0;
        }

        var (digits, value) = nanos % 1_000_000 == 0 ? (3, nanos / 1_000_000)
            : nanos % 1_000 == 0 ? (6, nanos / 1_000)
            : (9, nanos);
        target[0] = (byte)'.';
        for (var i = digits; i > 0; i--)
        {
            target[i] = (byte)('0' + (value % 10));
            value /= 10;
        }

        return digits + 1;
    }

    /// <summary>Reads 1 to 9 digits behind the dot of a fraction.</summary>
    protected static bool TryParseFraction(ReadOnlySpan<byte> digits, out int nanos)
    {
        nanos = 0;
        if (digits.Length is 0 or > 9)
        {
            return false;
        }

        for (var i = 0; i < 9; i++)
        {
            var digit = i < digits.Length ? digits[i] - '0' : 0;
            if (digit is < 0 or > 9)
            {
                return false;
            }

            nanos = (nanos * 10) + digit;
        }

        return true;
    }
}
