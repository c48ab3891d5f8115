using System.Buffers;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Unicode;

namespace Batching.Engine.Model;

/// <summary>
/// The header fields of a result as they are stored: a line <c>name: value</c> each, names in lower case, ended by a
/// line feed, which no field can contain. They are read only when somebody asks for them.
/// </summary>
public static class ResponseHeaders
{
    // Connection-specific fields (RFC 9110, section 7.6.1).
    private static readonly HashSet<string> Dropped = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Connection", "TE",
        "Trailer", "Transfer-Encoding", "Upgrade",
    };

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _output;

    /// <summary>Encodes the end-to-end fields of a response. What it returns holds until the thread's next call.</summary>
    /// <param name="response">The response, whose values have a character for each byte, as in Latin-1.</param>
    /// <param name="keepsCookies">
    /// Whether <c>Set-Cookie</c> is kept: it belongs to the gateway's connection with the API, not to the caller.
    /// </param>
    public static ReadOnlySpan<byte> Encode(HttpResponseMessage response, bool keepsCookies = false)
    {
        var output = _output ??= new ArrayBufferWriter<byte>(512);
        output.ResetWrittenCount();
        var named = response.Headers.NonValidated.TryGetValues("Connection", out var connection)
            ? NamedBy(connection.ToString())
            : [];
        Add(response.Headers.NonValidated);
        Add(response.Content.Headers.NonValidated);
        return output.WrittenSpan;

        void Add(HttpHeadersNonValidated headers)
        {
            foreach (var (name, values) in headers)
            {
                if (!Dropped.Contains(name)
                    && (named.Length == 0 || !named.Contains(name, StringComparer.OrdinalIgnoreCase))
                    && (keepsCookies || !name.StartsWith("Set-Cookie", StringComparison.OrdinalIgnoreCase)))
                {
                    AddLine(name, values);
                }
            }
        }

        void AddLine(string name, HeaderStringValues values)
        {
            var buffer = output.GetSpan(name.Length + 2);
            var length = Encoding.ASCII.GetBytes(name, buffer);
            Ascii.ToLowerInPlace(buffer[..length], out _);
            ": "u8.CopyTo(buffer[length..]);
            output.Advance(length + 2);
            var value = values.ToString();
            if (values.Count == 1 || Ascii.IsValid(value))
            {
                AddText(value);
            }
            else
            {
                AddTexts(values);
            }

            output.Write("\n"u8);
        }

        // Fields of one name need not come from one hand.
        void AddTexts(HeaderStringValues values)
        {
            var isFirst = true;
            foreach (var value in values)
            {
                if (!isFirst)
                {
                    output.Write(", "u8);
                }

                isFirst = false;
                AddText(value);
            }
        }

        // RFC 9110, section 5.5, knows bytes above ASCII only as opaque. Most write UTF-8; what is none is Latin-1, as it was
        // before.
        void AddText(string value)
        {
            var buffer = output.GetSpan(2 * value.Length);
            var length = Encoding.Latin1.GetBytes(value, buffer);
            if (!Utf8.IsValid(buffer[..length]))
            {
                length = Encoding.UTF8.GetBytes(value, buffer);
            }

            output.Advance(length);
        }
    }

    // The fields that Connection names concern the connection as well. What nearly every answer says names none.
    private static string[] NamedBy(string connection) =>
        connection is "keep-alive" ? [] : connection.Split(',', StringSplitOptions.TrimEntries);

    /// <summary>Decodes all fields, in the order they came.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Decode(ReadOnlyMemory<byte> encoded)
    {
        while (!encoded.IsEmpty)
        {
            var end = encoded.Span.IndexOf((byte)'\n');
            var line = encoded[..end];
            encoded = encoded[(end + 1)..];
            var colon = line.Span.IndexOf((byte)':');
            yield return new(
                Encoding.ASCII.GetString(line.Span[..colon]),
                Encoding.UTF8.GetString(line.Span[(colon + 2)..]));
        }
    }

    /// <summary>The value of one field; empty if it isn't there.</summary>
    /// <param name="encoded">The encoded fields.</param>
    /// <param name="name">In lower case.</param>
    public static string Find(ReadOnlySpan<byte> encoded, ReadOnlySpan<byte> name)
    {
        while (!encoded.IsEmpty)
        {
            var end = encoded.IndexOf((byte)'\n');
            var line = encoded[..end];
            if (line.Length > name.Length && line[name.Length] == (byte)':' && line.StartsWith(name))
            {
                return Encoding.UTF8.GetString(line[(name.Length + 2)..]);
            }

            encoded = encoded[(end + 1)..];
        }

        return "";
    }
}
