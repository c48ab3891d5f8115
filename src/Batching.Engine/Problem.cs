using System.Text;

namespace Batching.Engine;

/// <summary>
/// One thing that is wrong with what a caller gave. What comes from the caller may be of any length and is cut off: an
/// error must not be larger than what it is about.
/// </summary>
/// <param name="Field">Where, as a path into the request message: <c>requests[3].path</c>.</param>
/// <param name="Message">What, as a sentence without its subject: "is required".</param>
public sealed record Problem(string Field, string Message)
{
    private const int MaxFieldLength = 120;
    private const int MaxMessageLength = 300;
    private const int FramingBytes = 8;

    /// <summary>At most 120 characters.</summary>
    public string Field { get; } = Shorten(Field, MaxFieldLength);

    /// <summary>At most 300 characters.</summary>
    public string Message { get; } = Shorten(Message, MaxMessageLength);

    /// <summary>What it takes in an error, as protobuf has it.</summary>
    internal int Bytes => Encoding.UTF8.GetByteCount(Field) + Encoding.UTF8.GetByteCount(Message) + FramingBytes;

    /// <summary>A text of a caller, to be repeated in a message.</summary>
    internal static string Shorten(string text, int maxLength)
    {
        if (text.Length <= maxLength)
        {
            return text;
        }

        var end = maxLength - 1;
        return string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[end - 1]) ? end - 1 : end), "\u2026");
    }
}
