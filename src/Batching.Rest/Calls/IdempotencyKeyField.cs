using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Grpc.Core;
using Microsoft.Extensions.Primitives;

namespace Batching.Rest.Calls;

/// <summary>
/// Reads the header field <c>Idempotency-Key</c> of a submission, which over gRPC is metadata: a string as the IETF draft "The
/// Idempotency-Key HTTP Header Field" has it (RFC 9651, section 3.3.3), or the key as it is.
/// </summary>
internal static class IdempotencyKeyField
{
    /// <summary>The name of the field.</summary>
    public const string Name = "Idempotency-Key";

    /// <summary>The key of a call.</summary>
    /// <returns>Null if it has none.</returns>
    /// <exception cref="RefusedCallException">It is none that can be taken.</exception>
    public static string? GetIdempotencyKey(this ServerCallContext context, LimitOptions limits)
    {
        var values = context.GetHttpContext().Request.Headers[Name];
        if (values.Count == 0)
        {
            return null;
        }

        if (!TryRead(values, out var key))
        {
            throw new RefusedCallException(
                Name, "must be given once: as a string in quotation marks, or as visible ASCII characters without any of \" , ; \\");
        }

        if (key.Length == 0 || key.Length > limits.IdempotencyKeyLength)
        {
            var option = OptionKey.Of<LimitOptions>(nameof(LimitOptions.IdempotencyKeyLength));
            throw new RefusedCallException(
                Name, $"has {key.Length} characters; it must have 1 to {limits.IdempotencyKeyLength} ({option})");
        }

        return key;
    }

    /// <summary>Reads the values of the field.</summary>
    public static bool TryRead(StringValues values, out string key)
    {
        key = "";
        if (values.Count != 1)
        {
            return false;
        }

        var value = values[0].AsSpan().Trim([' ', '\t']);
        if (value is ['"', ..])
        {
            return TryUnquote(value, out key);
        }

        foreach (var letter in value)
        {
            if (letter is not (> ' ' and <= '~') or '"' or ',' or ';' or '\\')
            {
                return false;
            }
        }

        key = value.ToString();
        return true;
    }

    private static bool TryUnquote(ReadOnlySpan<char> value, out string key)
    {
        Span<char> text = value.Length <= 512 ? stackalloc char[value.Length] : new char[value.Length];
        var length = 0;
        key = "";
        for (var i = 1; i < value.Length; i++)
        {
            var letter = value[i];
            if (letter == '"')
            {
                key = new string(text[..length]);
                return i == value.Length - 1;
            }

            if (letter == '\\')
            {
                i++;
                letter = i < value.Length && value[i] is '"' or '\\' ? value[i] : '\0';
            }

            if (letter is < ' ' or > '~')
            {
                return false;
            }

            text[length++] = letter;
        }

        return false;
    }
}
