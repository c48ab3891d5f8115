using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Batching.Rest.Tests.Http;

/// <summary>
/// Makes one call over HTTP/1.1 on a connection of its own. The framework's client would tidy up what is sent, and
/// hide how the reply was framed.
/// </summary>
internal static class Http1Client
{
    /// <summary>Sends the call and reads the reply.</summary>
    /// <param name="authority">Address and port of the server.</param>
    /// <param name="call">The call.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<HttpReply> SendAsync(string authority, HttpCall call, CancellationToken cancellationToken)
    {
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(IPEndPoint.Parse(authority), cancellationToken);
        await using var stream = client.GetStream();
        using var reader = new Http1ReplyReader(stream, cancellationToken);
        await stream.WriteAsync(WriteHead(authority, call), cancellationToken);

        if (call.Header("Expect").Length > 0)
        {
            var first = await reader.ReadAsync(call.Method);
            if (first.Status != (int)HttpStatusCode.Continue)
            {
                return first;
            }

            await SendBodyAsync(stream, call, cancellationToken);
            var last = await reader.ReadAsync(call.Method);
            return new HttpReply
            {
                Status = last.Status,
                HasContinued = true,
                IsCut = last.IsCut,
                Headers = last.Headers,
                Trailers = last.Trailers,
                Body = last.Body,
            };
        }

        await SendBodyAsync(stream, call, cancellationToken);
        return await reader.ReadAsync(call.Method);
    }

    private static bool IsChunked(HttpCall call) => call.Header("Transfer-Encoding").Length > 0;

    private static byte[] WriteHead(string authority, HttpCall call)
    {
        var head = new StringBuilder();
        head.Append(CultureInfo.InvariantCulture, $"{call.Method} {call.Target} HTTP/1.1\r\nConnection: close\r\n");
        if (call.Header("Host").Length == 0)
        {
            head.Append(CultureInfo.InvariantCulture, $"Host: {authority}\r\n");
        }

        foreach (var (name, value) in call.Headers)
        {
            head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        }

        if (call.Body is { } body && !IsChunked(call))
        {
            head.Append(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}\r\n");
        }

        return Encoding.Latin1.GetBytes(head.Append("\r\n").ToString());
    }

    private static async Task SendBodyAsync(NetworkStream stream, HttpCall call, CancellationToken cancellationToken)
    {
        if (call.Body is not { } body)
        {
            return;
        }

        try
        {
            if (!IsChunked(call))
            {
                await stream.WriteAsync(body, cancellationToken);
                return;
            }

            // Two chunks, since one could pass for a whole body.
            foreach (var part in (byte[][])[body[..(body.Length / 2)], body[(body.Length / 2)..]])
            {
                if (part.Length > 0)
                {
                    await stream.WriteAsync(Encoding.ASCII.GetBytes($"{part.Length:x}\r\n"), cancellationToken);
                    await stream.WriteAsync(part, cancellationToken);
                    await stream.WriteAsync("\r\n"u8.ToArray(), cancellationToken);
                }
            }

            await stream.WriteAsync("0\r\n\r\n"u8.ToArray(), cancellationToken);
        }
        catch (IOException)
        {
            // The server has refused the body: the reply says why.
        }
    }
}
