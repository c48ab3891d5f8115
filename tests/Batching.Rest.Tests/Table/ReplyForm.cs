using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Batching.Rest.Tests.Http;

namespace Batching.Rest.Tests.Table;

/// <summary>Writes a reply in the lines of the table.</summary>
internal static partial class ReplyForm
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    // Fields of the moment and of the connection, which say nothing about the call.
    private static readonly HashSet<string> Ignored =
        new(StringComparer.OrdinalIgnoreCase) { "Date", "Connection", "Keep-Alive" };

    /// <summary>Writes it.</summary>
    /// <param name="reply">The reply.</param>
    /// <param name="placeholders">Names for what varies in it; learns those that are new.</param>
    public static List<string> Write(HttpReply reply, Placeholders placeholders)
    {
        var lines = new List<string>();
        if (reply.HasContinued)
        {
            lines.Add("< 100");
        }

        lines.Add(string.Create(CultureInfo.InvariantCulture, $"< {reply.Status}{(reply.IsCut ? " cut" : "")}"));
        AddFields(lines, "", reply.Headers, placeholders, reply.ContentEncoding.Length > 0);
        var body = reply.DecodedBody;
        if (body.Length > 0)
        {
            AddBody(lines, body, placeholders);
        }

        AddFields(lines, "<trailer ", reply.Trailers, placeholders, false);
        return lines;
    }

    // How long a compressed body is depends on the ids in it.
    private static void AddFields(
        List<string> lines,
        string mark,
        IEnumerable<KeyValuePair<string, string>> fields,
        Placeholders placeholders,
        bool isCompressed)
    {
        foreach (var (name, value) in fields
            .Where(field => !Ignored.Contains(field.Key))
            .OrderBy(field => field.Key, StringComparer.OrdinalIgnoreCase))
        {
            var isLength = name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase);
            var text = isLength && isCompressed ? "{length}" : placeholders.Name(value);
            lines.Add($"{(mark.Length == 0 ? "< " : mark)}{name.ToLowerInvariant()}: {text}".TrimEnd(' '));
        }
    }

    private static void AddBody(List<string> lines, byte[] body, Placeholders placeholders)
    {
        if (Decode(body) is not { } text)
        {
            lines.Add("<base64");
            lines.Add($"< {Convert.ToBase64String(body)}");
            return;
        }

        lines.Add("<");
        lines.AddRange(placeholders.Name(text)
            .Replace("\r", "{cr}", StringComparison.Ordinal)
            .Split('\n')
            .Select(line => line.Length == 0 ? "<" : $"< {Shorten(line)}"));
    }

    // The same character a thousand times and more, as {1000 times x}.
    private static string Shorten(string line) => Repeated().Replace(
        line, match => string.Create(CultureInfo.InvariantCulture, $"{{{match.Length} times {match.Value[0]}}}"));

    private static string? Decode(byte[] body)
    {
        try
        {
            return StrictUtf8.GetString(body);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"(.)\1{999,}")]
    private static partial Regex Repeated();
}
