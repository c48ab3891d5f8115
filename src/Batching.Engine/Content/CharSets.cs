using System.Text;

namespace Batching.Engine.Content;

/// <summary>Reads bytes in a character set that a <c>Content-Type</c> names.</summary>
public static class CharSets
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>Whether a name stands for UTF-8, which is meant where there is none.</summary>
    public static bool IsUtf8(string charSet) =>
        charSet.Length == 0
        || charSet.Equals("utf-8", StringComparison.OrdinalIgnoreCase)
        || charSet.Equals("utf8", StringComparison.OrdinalIgnoreCase)
        || charSet.Equals("utf_8", StringComparison.OrdinalIgnoreCase);

    /// <summary>The text that bytes are; null if the character set is unknown, or they are not in it.</summary>
    public static string? Decode(ReadOnlySpan<byte> bytes, string charSet)
    {
        try
        {
            return (IsUtf8(charSet) ? StrictUtf8 : Find(charSet)).GetString(bytes);
        }
        catch (Exception exception) when (exception is ArgumentException
            // How .NET refuses UTF-7.
            or NotSupportedException)
        {
            return null;
        }
    }

    // .NET itself knows the Unicode ones, ASCII and Latin 1; the provider knows the others.
    private static Encoding Find(string charSet) =>
        CodePagesEncodingProvider.Instance.GetEncoding(
            charSet, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback)
        ?? Encoding.GetEncoding(charSet, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback);
}
