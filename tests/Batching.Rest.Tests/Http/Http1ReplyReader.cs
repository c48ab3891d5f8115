using System.Globalization;
using System.Text;

namespace Batching.Rest.Tests.Http;

/// <summary>Reads replies of HTTP/1.1 (RFC 9112) from a connection.</summary>
internal sealed class Http1ReplyReader(Stream connection, CancellationToken cancellationToken) : IDisposable
{
    private readonly BufferedStream _stream = new(connection);
    private readonly byte[] _byte = new byte[1];

    /// <summary>Reads the next reply, interim ones too.</summary>
    /// <param name="method">The method of the request: a reply to HEAD has no body.</param>
    public async Task<HttpReply> ReadAsync(string method)
    {
        var line = await ReadLineAsync();
        if (line is null)
        {
            return new HttpReply { Status = 0, IsCut = true, Headers = [], Body = [] };
        }

        var status = int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
        var headers = await ReadFieldsAsync();
        using var body = new MemoryStream();
        var trailers = new List<KeyValuePair<string, string>>();
        var isWhole = method == "HEAD" || status is 100 or 204 or 304 || await ReadBodyAsync(headers, body, trailers);
        return new HttpReply
        {
            Status = status,
            IsCut = !isWhole,
            Headers = headers,
            Trailers = trailers,
            Body = body.ToArray(),
        };
    }

    public void Dispose() => _stream.Dispose();

    private async Task<bool> ReadBodyAsync(
        List<KeyValuePair<string, string>> headers, MemoryStream body, List<KeyValuePair<string, string>> trailers)
    {
        if (Find(headers, "Transfer-Encoding") == "chunked")
        {
            while (await ReadLineAsync() is { } size)
            {
                var length = int.Parse(size, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                if (length == 0)
                {
                    trailers.AddRange(await ReadFieldsAsync());
                    return true;
                }

                if (!await CopyAsync(body, length) || await ReadLineAsync() is null)
                {
                    return false;
                }
            }

            return false;
        }

        if (Find(headers, "Content-Length") is { } known)
        {
            return await CopyAsync(body, int.Parse(known, CultureInfo.InvariantCulture));
        }

        await _stream.CopyToAsync(body, cancellationToken);
        return true;
    }

    private async Task<bool> CopyAsync(MemoryStream body, int length)
    {
        var bytes = new byte[length];
        var read = await ReadSomeAsync(bytes);
        body.Write(bytes, 0, read);
        return read == length;
    }

    private async Task<List<KeyValuePair<string, string>>> ReadFieldsAsync()
    {
        var fields = new List<KeyValuePair<string, string>>();
        while (await ReadLineAsync() is { Length: > 0 } line)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            fields.Add(KeyValuePair.Create(line[..colon], line[(colon + 1)..].Trim(' ')));
        }

        return fields;
    }

    // Null at the end of the connection.
    private async Task<string?> ReadLineAsync()
    {
        var line = new StringBuilder();
        while (await ReadSomeAsync(_byte) == 1)
        {
            if (_byte[0] == '\n')
            {
                return line.ToString().TrimEnd('\r');
            }

            line.Append((char)_byte[0]);
        }

        return null;
    }

    private async Task<int> ReadSomeAsync(byte[] bytes)
    {
        try
        {
            return await _stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        }
        catch (IOException)
        {
            // Reset: all the same to whoever waits for more.
            return 0;
        }
    }

    private static string? Find(List<KeyValuePair<string, string>> fields, string name) =>
        fields.FirstOrDefault(field => field.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;
}
