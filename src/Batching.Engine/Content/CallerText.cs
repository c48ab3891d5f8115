namespace Batching.Engine.Content;

/// <summary>
/// Text that callers, or the APIs, choose, to be repeated in a message. It may be of any length and is cut off: an error must
/// not be larger than what it is about, nor grow with it.
/// </summary>
public static class CallerText
{
    /// <summary>The longest message that anybody is told, whatever it is made of.</summary>
    public const int MaxMessageLength = 1000;

    private const int MaxQuoteLength = 200;

    /// <summary>The text in quotes, at most 200 characters of it.</summary>
    public static string Quote(string text) => $"'{Shorten(text, MaxQuoteLength)}'";

    /// <summary>The text, or as many characters of it, the last of which is an ellipsis then.</summary>
    public static string Shorten(string text, int maxLength)
    {
        if (text.Length <= maxLength)
        {
            return text;
        }

        var end = maxLength - 1;
        return string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[end - 1]) ? end - 1 : end), "\u2026");
    }
}
