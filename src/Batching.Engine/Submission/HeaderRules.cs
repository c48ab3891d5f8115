using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Batching.Engine.Submission;

/// <summary>
/// Which header fields a caller may set on a request: end-to-end fields that are not the gateway's own.
/// </summary>
public static class HeaderRules
{
    /// <summary>What is said of a value that <see cref="IsFieldValue"/> is not true of.</summary>
    public const string ControlCharacters = "must not contain CR, LF, NUL or other control characters";

    private const string Authorization = "Authorization";

    // RFC 9110, section 5.6.2: what a token is made of.
    private static readonly SearchValues<char> TokenCharacters = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    // RFC 9110, section 5.5: a value has none of the control characters but the tab. Those from U+0080 on are bytes
    // of UTF-8 when they are sent, but a server that reads Latin-1 sees some of them again.
    private static readonly SearchValues<char> Forbidden = SearchValues.Create(
        [.. Enumerable.Range(0, 0xA0).Select(code => (char)code).Where(c => char.IsControl(c) && c != '\t')]);

    // Fields of the connection (RFC 9110, section 7.6.1), of the framing and routing of the message, and those that
    // tell an API who its client is or what it asked for: they would lie.
    private static readonly HashSet<string> Refused = new(StringComparer.OrdinalIgnoreCase)
    {
        "CF-Connecting-IP", "Connection", "Content-Length", "Expect", "Forwarded", "Host", "HTTP2-Settings", "Keep-Alive",
        "TE", "Trailer", "Transfer-Encoding", "True-Client-IP", "Upgrade", "Via", "X-Client-IP", "X-Cluster-Client-IP",
        "X-Forwarded", "X-Original-URL", "X-Real-IP", "X-Rewrite-URL",
    };

    /// <summary>Names that the configuration denies, ready for <see cref="FindProblem"/>.</summary>
    public static IReadOnlySet<string> ToDenied(IEnumerable<string> names) =>
        names.Select(Fold).ToHashSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a text can be the name of a field.</summary>
    public static bool IsFieldName(string name) => name.Length > 0 && !name.AsSpan().ContainsAnyExcept(TokenCharacters);

    /// <summary>What is wrong with a field; null if nothing is.</summary>
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

        if (Refused.Contains(folded)
            || folded.StartsWith("Proxy-", StringComparison.OrdinalIgnoreCase)
            || folded.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase))
        {
            return "can't be set: it belongs to the connection or to the gateway";
        }

        if (denied?.Contains(folded) == true)
        {
            return "can't be set: this gateway does not let it through";
        }

        return IsFieldValue(value) ? null : ControlCharacters;
    }

    /// <summary>What is wrong with the credential that a caller gives for its requests, if anything.</summary>
    public static Refusal? CheckCredential(Caller caller) =>
        caller.Authorization is null || IsFieldValue(caller.Authorization)
            ? null
            : new Refusal.Invalid("authorization", ControlCharacters);

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
