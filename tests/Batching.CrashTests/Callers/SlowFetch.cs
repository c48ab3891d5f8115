using System.Net.Sockets;
using System.Text.Json;

namespace Batching.CrashTests.Callers;

/// <summary>
/// A fetch over a connection of its own that holds little: of a large reply most stays with the server until it is
/// read.
/// </summary>
internal sealed class SlowFetch : IDisposable
{
    // The kernel makes the smallest buffer it has of it.
    private const int ReceiveBufferBytes = 2048;

    private readonly HttpClient _http;
    private readonly HttpResponseMessage _response;

    private SlowFetch(HttpClient http, HttpResponseMessage response)
    {
        _http = http;
        _response = response;
    }

    /// <summary>Sends the call and reads the head of the reply.</summary>
    public static async Task<SlowFetch> BeginAsync(string address, string token, string batchId)
    {
        var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = ConnectAsync,
            // A reply that nobody wants is not read to its end.
            MaxResponseDrainSize = 0,
        })
        {
            BaseAddress = new Uri(address),
        };
        http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        try
        {
            var response = await RestCaller.GuardAsync(() =>
                http.GetAsync($"/api/v0/batch/{batchId}", HttpCompletionOption.ResponseHeadersRead));
            return response.IsSuccessStatusCode
                ? new SlowFetch(http, response)
                : throw new CallFailedException(
                    response.StatusCode == System.Net.HttpStatusCode.NotFound, $"{(int)response.StatusCode}");
        }
        catch
        {
            http.Dispose();
            throw;
        }
    }

    /// <summary>Reads the rest.</summary>
    public async Task<ResultPage> ReadAsync()
    {
        var body = await RestCaller.GuardAsync(() => _response.Content.ReadAsByteArrayAsync());
        using var document = JsonDocument.Parse(body);
        return RestReplies.ReadPage(document.RootElement);
    }

    /// <summary>Breaks the connection, if the reply was not read to its end.</summary>
    public void Dispose()
    {
        _response.Dispose();
        _http.Dispose();
    }

    private static async ValueTask<Stream> ConnectAsync(
        SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = ReceiveBufferBytes };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
