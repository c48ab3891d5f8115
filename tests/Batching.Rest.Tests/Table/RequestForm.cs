using System.Globalization;
using System.Text;
using Batching.Rest.Tests.Http;

namespace Batching.Rest.Tests.Table;

/// <summary>Makes the request that an exchange stands for.</summary>
internal static class RequestForm
{
    private const string Http2Suffix = " HTTP/2";

    /// <summary>Makes it.</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="placeholders">What its placeholders stand for.</param>
    public static HttpCall Read(Exchange exchange, Placeholders placeholders)
    {
        var headEnd = exchange.RequestBodyStart < 0 ? exchange.Request.Count : exchange.RequestBodyStart;
        var start = exchange.Request[0];
        var isHttp2 = start.EndsWith(Http2Suffix, StringComparison.Ordinal);
        var words = (isHttp2 ? start[..^Http2Suffix.Length] : start).Split(' ', 2);
        return new HttpCall(
            words[0],
            placeholders.Fill(words[1]),
            isHttp2,
            [.. exchange.Request.Take(1..headEnd).Select(line => ReadField(placeholders.Fill(line)))],
            exchange.RequestBodyStart < 0 ? null : ReadBody(exchange, placeholders));
    }

    private static byte[] ReadBody(Exchange exchange, Placeholders placeholders)
    {
        var text = string.Join('\n', exchange.Request.Skip(exchange.RequestBodyStart));
        if (exchange.RequestBodyForm == "base64")
        {
            return Convert.FromBase64String(text);
        }

        var bytes = Encoding.UTF8.GetBytes(
            placeholders.Fill(text).Replace("{fill}", exchange.Fill, StringComparison.Ordinal));
        return exchange.RequestBodyForm.Length == 0 ? bytes : ContentCoding.Encode(exchange.RequestBodyForm, bytes);
    }

    private static KeyValuePair<string, string> ReadField(string line)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        return colon > 0
            ? KeyValuePair.Create(line[..colon], line[(colon + 1)..].TrimStart(' '))
            : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"'{line}' is no header field."));
    }
}
