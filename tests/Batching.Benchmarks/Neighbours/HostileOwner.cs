using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Batching.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace Batching.Benchmarks.Neighbours;

/// <summary>The owner who misbehaves: its connections to the gateway, and what became of its calls.</summary>
internal sealed class HostileOwner : IDisposable
{
    private const string Credential = "Bearer hostile";

    private readonly ConcurrentDictionary<string, int> _outcomes = new(StringComparer.Ordinal);
    private readonly Uri _address;
    private readonly GrpcChannel _channel;

    public HostileOwner(string address)
    {
        _address = new Uri(address);
        Http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 1_000 })
        {
            BaseAddress = _address,
            DefaultRequestHeaders = { Authorization = AuthenticationHeaderValue.Parse(Credential) },
        };
        _channel = GrpcChannel.ForAddress(address);
        Batches = new BatchService.BatchServiceClient(_channel);
    }

    public HttpClient Http { get; }

    public BatchService.BatchServiceClient Batches { get; }

    public Metadata Headers { get; } = new() { { "authorization", Credential } };

    /// <summary>What became of its calls, most frequent first.</summary>
    public string Outcomes => string.Join(
        ", ", _outcomes.OrderByDescending(pair => pair.Value).Take(3).Select(pair => $"{pair.Key}: {pair.Value}"));

    /// <summary>Does something again and again, many times side by side, until it is told to stop.</summary>
    public Task RepeatAsync(int sideBySide, Func<CancellationToken, Task<string>> work, CancellationToken stop) =>
        Task.WhenAll(Enumerable.Range(0, sideBySide).Select(_ => Task.Run(
            async () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    Count(await TryAsync(work, stop));
                }
            },
            CancellationToken.None)));

    /// <summary>Posts a batch over REST.</summary>
    /// <returns>The status of the reply.</returns>
    public Task<string> PostAsync(string json, CancellationToken stop) => PostAsync(new StringContent(json), stop);

    /// <inheritdoc cref="PostAsync(string, CancellationToken)"/>
    public async Task<string> PostAsync(HttpContent content, CancellationToken stop)
    {
        using (content)
        {
            using var reply = await Http.PostAsync(new Uri("/api/v0/batch", UriKind.Relative), content, stop);
            return $"{(int)reply.StatusCode}";
        }
    }

    /// <summary>Submits a batch whose results have so many KiB each, and waits until it is done.</summary>
    /// <returns>Its id.</returns>
    public async Task<string> PrepareAsync(int requests, int kilobytes)
    {
        using var content = new StringContent(Batch(requests, _ => $$"""{"path": "kb/{{kilobytes}}"}"""));
        using var reply = await Http.PostAsync(new Uri("/api/v0/batch", UriKind.Relative), content);
        using var json = JsonDocument.Parse(await reply.Content.ReadAsByteArrayAsync());
        var id = json.RootElement.GetProperty("Batch").GetProperty("id").GetString()!;
        while (true)
        {
            var status = await Http.GetStringAsync(new Uri($"/api/v0/batch/{id}/status", UriKind.Relative));
            if (status.Contains("\"runningRequests\":0", StringComparison.Ordinal))
            {
                return id;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }

    /// <summary>Opens a connection and sends the head of a call over it, in HTTP/1.1.</summary>
    /// <param name="line">Method and path.</param>
    /// <param name="fields">More lines of the head, each with its end.</param>
    /// <param name="stop">Gives it up.</param>
    public async Task<Socket> OpenAsync(string line, string fields, CancellationToken stop)
    {
        // A small buffer, so that what is not read stays with the gateway.
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = 4_096 };
        try
        {
            await socket.ConnectAsync(_address.Host, _address.Port, stop);
            await socket.SendAsync(
                Encoding.ASCII.GetBytes(
                    $"{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {Credential}\r\n{fields}\r\n"), stop);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public static string Batch(int count, Func<int, string> request) =>
        $"[{string.Join(',', Enumerable.Range(0, count).Select(request))}]";

    public void Dispose()
    {
        _channel.Dispose();
        Http.Dispose();
    }

    private void Count(string outcome) => _outcomes.AddOrUpdate(outcome, 1, static (_, count) => count + 1);

    // Whatever the gateway does to it, it goes on.
    private static async Task<string> TryAsync(Func<CancellationToken, Task<string>> work, CancellationToken stop)
    {
        try
        {
            return await work(stop);
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
            return "under way at the end";
        }
        catch (RpcException exception)
        {
            return exception.StatusCode.ToString();
        }
        catch (Exception exception) when (exception is IOException or SocketException or HttpRequestException)
        {
            return "cut";
        }
    }
}
