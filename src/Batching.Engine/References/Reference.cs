using System.Text;
using Batching.Engine.Content;

namespace Batching.Engine.References;

/// <summary>A reference to a part of the result of another request of the batch.</summary>
/// <param name="Text">As it was written: two of the same text are the same.</param>
/// <param name="Key">The key of the other request.</param>
/// <param name="Kind">The part.</param>
/// <param name="Pointer">The place in the body.</param>
/// <param name="Header">The name of the header field, in lower case.</param>
internal sealed record Reference(string Text, string Key, ReferenceKind Kind, JsonPointer Pointer, string Header)
{
    private const string StatusSuffix = ".status";
    private const string HeadersPart = ".headers.";

    private static readonly JsonPointer Whole = JsonPointer.Parse("");
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>
    /// Reads <c>key#/json/pointer</c>, <c>key.status</c> or <c>key.headers.name</c>. Characters of the key and the pointer may be
    /// percent-encoded, as in a fragment (RFC 6901, section 6).
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="problem">Why it is none, as a sentence without its subject.</param>
    /// <returns>The reference; null if the text is none.</returns>
    public static Reference? Parse(string text, out string? problem)
    {
        problem = null;
        var hash = text.IndexOf('#', StringComparison.Ordinal);
        var headers = hash < 0 ? text.LastIndexOf(HeadersPart, StringComparison.Ordinal) : -1;
        var (key, pointer, header) = hash >= 0 ? (Decode(text[..hash]), Decode(text[(hash + 1)..]), "")
            : headers >= 0 ? (Decode(text[..headers]), "", text[(headers + HeadersPart.Length)..].ToLowerInvariant())
            : text.EndsWith(StatusSuffix, StringComparison.Ordinal) ? (Decode(text[..^StatusSuffix.Length]), "", "")
            : ("", "", null);
        problem = header is null ? "must be key#/json/pointer, key.status or key.headers.name"
            : key is null || pointer is null ? "has a percent-encoding that is not complete, or not of UTF-8"
            : key.Length == 0 ? "names no key"
            : !JsonPointer.IsValid(pointer) ? "has a JSON Pointer that does not begin with a slash"
            : headers >= 0 && !HeaderRules.IsFieldName(header) ? "does not end with the name of a header field"
            : null;
        return problem is not null ? null : new Reference(
            text,
            key!,
            hash >= 0 ? ReferenceKind.Body : headers >= 0 ? ReferenceKind.Header : ReferenceKind.Status,
            hash >= 0 ? JsonPointer.Parse(pointer!) : Whole,
            header!);
    }

    private static string? Decode(string text)
    {
        if (!text.Contains('%', StringComparison.Ordinal))
        {
            return text;
        }

        var bytes = new List<byte>(text.Length);
        for (var i = 0; i < text.Length;)
        {
            if (text[i] != '%')
            {
                var end = text.IndexOf('%', i);
                end = end < 0 ? text.Length : end;
                bytes.AddRange(Encoding.UTF8.GetBytes(text[i..end]));
                i = end;
            }
            else if (i + 2 < text.Length && char.IsAsciiHexDigit(text[i + 1]) && char.IsAsciiHexDigit(text[i + 2]))
            {
                bytes.Add(Convert.FromHexString(text.AsSpan(i + 1, 2))[0]);
                i += 3;
            }
            else
            {
                return null;
            }
        }

        try
        {
            return StrictUtf8.GetString([.. bytes]);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
