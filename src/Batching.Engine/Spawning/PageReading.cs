using System.Globalization;
using System.Text;
using System.Text.Json;
using Batching.Engine.Content;

namespace Batching.Engine.Spawning;

/// <summary>The values that were read of one page. The bytes stay where they are; a value is decoded when it is wanted.</summary>
internal ref struct PageReading
{
    private readonly PagePattern _pattern;
    private readonly ReadOnlySpan<byte> _body;
    private readonly Span<PageValue> _values;

    /// <param name="pattern">What is looked for.</param>
    /// <param name="body">The page.</param>
    /// <param name="values">Room for the values of the pattern.</param>
    public PageReading(PagePattern pattern, ReadOnlySpan<byte> body, Span<PageValue> values)
    {
        _pattern = pattern;
        _body = body;
        _values = values;
    }

    /// <summary>The items, as far as they were read.</summary>
    public PageItems Items { get; private set; }

    /// <summary>One of the values.</summary>
    public readonly PageValue this[int slot] => _values[slot];

    /// <summary>Whether it was read, and is JSON.</summary>
    public bool IsRead { get; private set; }

    /// <inheritdoc cref="PagePattern.Read"/>
    public void Read(int enough, bool wantsItems)
    {
        Items = _pattern.Read(_body, _values, enough, wantsItems);
        IsRead = true;
    }

    /// <summary>The number of items.</summary>
    /// <exception cref="FormatException">There is no array of items.</exception>
    public readonly int CountItems() =>
        Items.Count ?? throw new FormatException("The page has no array of items where one is expected.");

    /// <summary>The text of a string or a number; null if nothing, null or "" is there.</summary>
    /// <param name="slot">The value's number.</param>
    /// <param name="what">What it is, for messages.</param>
    /// <exception cref="FormatException">Something else is there.</exception>
    public readonly string? FindText(int slot, string what) => _values[slot] switch
    {
        { IsGiven: false } => null,
        { Kind: JsonTokenType.String } value => DecodeText(value) is var text && text is not null
            ? text.Length > 0 ? text : null
            : throw new FormatException($"The {what} in the page is not valid Unicode."),
        { Kind: JsonTokenType.Number } value => Encoding.ASCII.GetString(_body[value.Start..value.End]),
        _ => throw new FormatException($"The {what} in the page is neither a string nor a number."),
    };

    /// <summary>A value as it stands in the page.</summary>
    public readonly string TextOf(int slot) => Encoding.UTF8.GetString(_body[_values[slot].Start.._values[slot].End]);

    /// <summary>A value of the last item, as text and as JSON.</summary>
    /// <param name="pointer">Its place in the item.</param>
    /// <param name="takesAny">Whether it may be any value, and not only a string or a number.</param>
    /// <exception cref="FormatException">There is none, or one that can't be sent.</exception>
    public readonly (string Text, string Json) FindInLastItem(JsonPointer pointer, bool takesAny)
    {
        var item = _body[Items.Last];
        var reader = new Utf8JsonReader(item, new JsonReaderOptions { MaxDepth = int.MaxValue });
        if (!pointer.TryMoveTo(ref reader) || reader.TokenType == JsonTokenType.Null)
        {
            throw new FormatException($"The last item of the page has nothing at {CallerText.Quote(pointer.ToString())}.");
        }

        var text = reader.TokenType switch
        {
            JsonTokenType.String => JsonTokens.FindText(reader),
            JsonTokenType.Number => Encoding.ASCII.GetString(reader.ValueSpan),
            _ => takesAny ? "" : null,
        };
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        var json = Encoding.UTF8.GetString(item[start..(int)reader.BytesConsumed]);
        return text is null
            ? throw new FormatException("The cursor in the last item of the page is neither a string nor a number.")
            : (text.Length > 0 ? text : json, json);
    }

    /// <summary>The whole number from 0, given as a number or as text; null if there is none.</summary>
    public readonly long? FindInteger(int slot) => _values[slot] switch
    {
        { Kind: JsonTokenType.Number } value => ParseInteger(Encoding.ASCII.GetString(_body[value.Start..value.End])),
        { Kind: JsonTokenType.String } value => DecodeText(value) is { } text ? ParseInteger(text) : null,
        _ => null,
    };

    /// <summary>A whole number from 0; null for everything else.</summary>
    public static long? ParseInteger(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private readonly string? DecodeText(PageValue value)
    {
        var reader = new Utf8JsonReader(_body[value.Start..value.End]);
        reader.Read();
        return JsonTokens.FindText(reader);
    }
}
