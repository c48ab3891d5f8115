using System.Buffers;

namespace Batching.Engine.Submission;

/// <summary>
/// Which header fields a caller may set on a request: end-to-end fields that are not the gateway's own.
/// </summary>
internal static class HeaderRules
{
    // RFC 9110, section 5.6.2: what a token is made of.
    private static readonly SearchValues<char> TokenCharacters = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    // Fields of the connection (RFC 9110, section 7.6.1), of the framing and routing of the message, and those that
    // tell an API who its client is: they would lie.
    private static readonly HashSet<string> Refused = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Content-Length", "Expect", "Forwarded", "Host", "HTTP2-Settings", "Keep-Alive", "TE", "Trailer",
        "Transfer-Encoding", "Upgrade", "Via", "X-Real-IP",
    };

    /// <summary>What is wrong with a field; null if nothing is.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its value.</param>
    /// <param name="credentialHeader">The field that carries the caller's credential.</param>
    public static string? FindProblem(string name, string value, string credentialHeader = "Authorization")
    {
        if (name.Length == 0 || name.AsSpan().ContainsAnyExcept(TokenCharacters))
        {
            return "is not the name of a header field";
        }

        if (IsSame(name, "Authorization") || IsSame(name, credentialHeader))
        {
            return "can't be set: the API gets the credential that the batch was submitted with";
        }

        if (Refused.Contains(name)
            || name.StartsWith("Proxy-", StringComparison.OrdinalIgnoreCase)
            || name.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase))
        {
            return "can't be set: it belongs to the connection or to the gateway";
        }

        return IsFieldValue(value) ? null : "must not contain CR, LF or NUL";
    }

    /// <summary>What is wrong with the credential that a caller gives for its requests, if anything.</summary>
    public static Refusal? CheckCredential(Caller caller) =>
        caller.Authorization is null || IsFieldValue(caller.Authorization)
            ? null
            : new Refusal.Invalid("authorization", "must not contain CR, LF or NUL");

    /// <summary>Whether a value can't end its field and begin another one.</summary>
    public static bool IsFieldValue(string value) => !value.AsSpan().ContainsAny('\r', '\n', '\0');

    // Servers that make variables of field names (RFC 3875, section 4.1.18) don't tell these characters apart.
    private static bool IsSame(string name, string own) =>
        name.Replace('_', '-').Equals(own.Replace('_', '-'), StringComparison.OrdinalIgnoreCase);
}
