using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Batching.Engine.Content;

/// <summary>
/// The header fields that a caller may set on a request: end-to-end fields that are not the gateway's own.
/// </summary>
public static class HeaderRules
{
    /// <summary>The problem with a value that <see cref="IsFieldValue"/> is not true of.</summary>
    public const string ControlCharacters = "must not contain CR, LF, NUL or other control characters";

    private const string Authorization = "Authorization";

    // RFC 9110, section 5.6.2: what a token is made of.
    private static readonly SearchValues<char> TokenCharacters = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    // RFC 9110, section 5.5: a value has none of the control characters but the tab. Those from U+0080 on are bytes
    // of UTF-8 when they are sent, but a server that reads Latin-1 sees some of them again.
    private static readonly SearchValues<char> Forbidden = SearchValues.Create(
        [.. Enumerable.Range(0, 0xA0).Select(code => (char)code).Where(c => char.IsControl(c) && c != '\t')]);

    /// <summary>Names that the configuration denies, ready for <see cref="FindProblem"/>.</summary>
    public static IReadOnlySet<string> ToDenied(IEnumerable<string> names) =>
        names.Select(Fold).ToHashSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a text can be the name of a field.</summary>
    public static bool IsFieldName(string name) => name.Length > 0 && !name.AsSpan().ContainsAnyExcept(TokenCharacters);

    /// <summary>The problem with a field; null if there is none.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its value.</param>
    /// <param name="credentialHeader">The field that carries the caller's credential.</param>
    /// <param name="denied">What <see cref="ToDenied"/> made of the names that the configuration denies.</param>
    public static string? FindProblem(
        string name, string value, string credentialHeader = Authorization, IReadOnlySet<string>? denied = null)
    {
        if (!IsFieldName(name))
        {
            return "is not the name of a header field";
        }

        var folded = Fold(name);
        if (folded.Equals(Authorization, StringComparison.OrdinalIgnoreCase)
            || folded.Equals(Fold(credentialHeader), StringComparison.OrdinalIgnoreCase))
        {
            return "can't be set: the API gets the credential that the batch was submitted with";
        }

        if (RefusedFields.Contain(folded))
        {
            return "can't be set: it belongs to the connection or to the gateway";
        }

        if (denied?.Contains(folded) == true)
        {
            return "can't be set: this gateway does not let it through";
        }

        return IsFieldValue(value) ? null : ControlCharacters;
    }

    /// <summary>
    /// The text of a value that was read with a character for each byte. RFC 9110, section 5.5, knows bytes above ASCII only
    /// as opaque: what is valid UTF-8 is that, anything else is Latin-1.
    /// </summary>
    public static string ToText(string value)
    {
        if (Ascii.IsValid(value))
        {
            return value;
        }

        var bytes = Encoding.Latin1.GetBytes(value);
        return Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : value;
    }

    /// <summary>Whether a value can't end its field and begin another one.</summary>
    public static bool IsFieldValue(string value) => !value.AsSpan().ContainsAny(Forbidden);

    // Servers that hand fields on as variables (RFC 3875, section 4.1.18) don't tell "_" from "-".
    private static string Fold(string name) => name.Contains('_', StringComparison.Ordinal) ? name.Replace('_', '-') : name;
}
