using System.Text.Json;
using Batching.Engine.Configuration;
using Batching.Engine.Content;

namespace Batching.Engine.References;

/// <summary>Finds values in JSON that an API has sent.</summary>
internal static class ReferencedValue
{
    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = int.MaxValue };

    /// <summary>Finds a value.</summary>
    /// <param name="json">The text, which need not be JSON.</param>
    /// <param name="pointer">The place.</param>
    /// <param name="maxBytes">Bytes that it may have.</param>
    /// <param name="owner">What the text is, for a message: a body or an element.</param>
    /// <param name="problem">Why it isn't there, as a sentence without its subject, the reference; null if it is.</param>
    /// <returns>The text of the value.</returns>
    public static ReadOnlyMemory<byte> Find(
        ReadOnlyMemory<byte> json, JsonPointer pointer, int maxBytes, string owner, out string? problem)
    {
        try
        {
            var reader = new Utf8JsonReader(json.Span, ReaderOptions);
            if (!pointer.TryMoveTo(ref reader))
            {
                problem = $"is to a value that the {owner} does not have";
                return default;
            }

            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            var value = json[start..(int)reader.BytesConsumed];
            if (pointer.Tokens.Count == 0)
            {
                // Throws if anything but white space follows.
                reader.Read();
            }

            problem = value.Length <= maxBytes
                ? null
                : $"is to a value of {value.Length} bytes; the limit is {maxBytes} ({OptionKey.Of<LimitOptions>(nameof(LimitOptions.ReferencedValueBytes))})";
            return value;
        }
        catch (JsonException)
        {
            problem = $"is to a {owner} that is not JSON";
            return default;
        }
    }

    /// <summary>The elements of a list, from one on.</summary>
    /// <param name="array">The text of an array.</param>
    /// <param name="first">The place of the first that is wanted.</param>
    /// <param name="most">How many are wanted at most.</param>
    public static List<ReadOnlyMemory<byte>> ReadElements(ReadOnlyMemory<byte> array, int first, int most)
    {
        var elements = new List<ReadOnlyMemory<byte>>();
        var reader = new Utf8JsonReader(array.Span, ReaderOptions);
        reader.Read();
        for (var i = 0; elements.Count < most && reader.Read() && reader.TokenType != JsonTokenType.EndArray; i++)
        {
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (i >= first)
            {
                elements.Add(array[start..(int)reader.BytesConsumed]);
            }
        }

        return elements;
    }
}
