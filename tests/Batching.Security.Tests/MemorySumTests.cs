using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Batching.Server.Tests.Infrastructure;
using Microsoft.AspNetCore.Http;

namespace Batching.Security.Tests;

/// <summary>Callers that take all they can of everything at the same time, with the default budgets.</summary>
public sealed class MemorySumTests
{
    private const int Megabyte = 1024 * 1024;

    // The documented sum and a half, see docs/operations.md, and what a process takes that does nothing.
    private const int Most = (768 * 3 / 2) + 100;

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Budgets_AllUsedUpAtOnce_HoldTheirSumAndOthersAreServed()
    {
        var release = new TaskCompletionSource();
        var big = new byte[6 * Megabyte];
        await using var api = await TestApi.StartUnrecordedAsync(context => AnswerAsync(context, big, release.Task));
        using var data = new TemporaryDirectory();
        using var gateway = await GatewayProcess.StartAsync(new Dictionary<string, string>
        {
            ["Batch__Upstreams__0__BaseAddress"] = api.Address,
            ["Batch__Upstreams__0__MaxConcurrency"] = "300",
            ["Batch__DataDirectory"] = data.FullName,
            ["Batch__Limits__SenderStall"] = "00:05:00",
        });
        using var other = new RestClient(gateway.Address, "Bearer other");
        await ProbeAsync(other);
        var sockets = new List<Socket>();
        var most = 0L;
        try
        {
            for (var owner = 0; owner < 2; owner++)
            {
                using var client = new RestClient(gateway.Address, $"Bearer {owner}");
                // Answers that lack their end, and requests that wait behind them.
                await client.SubmitPathsAsync(Enumerable.Range(0, 20).Select(i => $"half/{i}"));
                var waiting = string.Join(',', Enumerable.Repeat(
                    $$"""{"path": "hang", "method": "POST", "body": "{{new string('w', 300_000)}}"}""", 100));
                await client.PostAsync($"[{waiting}]");
                await client.PostAsync($"[{waiting}]");

                // Replies that nobody reads, calls that are under way, and bodies without their end.
                for (var i = 0; i < 6; i++)
                {
                    sockets.Add(await SendAsync(gateway, owner, "/api/v2/batch", """{"a": "/big", "b": "/big"}""", lacks: 0));
                }

                var call = $$$"""{"a": {"url": "/hang", "method": "POST", "payload": "{{{new string('d', 20 * Megabyte)}}}"}}""";
                for (var i = 0; i < 3; i++)
                {
                    sockets.Add(await SendAsync(gateway, owner, "/api/v2/batch", call, lacks: 0));
                    sockets.Add(await SendAsync(gateway, owner, "/api/v0/batch", new string(' ', 30 * Megabyte), lacks: 1));
                    most = Math.Max(most, gateway.ResidentBytes);
                }
            }

            var slowest = TimeSpan.Zero;
            for (var i = 0; i < 10; i++)
            {
                var latency = await ProbeAsync(other);
                slowest = latency > slowest ? latency : slowest;
                most = Math.Max(most, gateway.ResidentBytes);
            }

            Assert.InRange(most / Megabyte, 300, Most);
            Assert.InRange(slowest, TimeSpan.Zero, Soon);
        }
        finally
        {
            release.SetResult();
            sockets.ForEach(socket => socket.Dispose());
        }
    }

    private static async Task AnswerAsync(HttpContext context, byte[] big, Task release)
    {
        var path = context.Request.Path.Value!;
        if (path == "/small")
        {
            await TestApi.JsonAsync(context, "1");
        }
        else if (path == "/big")
        {
            await TestApi.BytesAsync(context, "application/octet-stream", big);
        }
        else if (path == "/hang")
        {
            await release;
        }
        else
        {
            context.Response.ContentLength = big.Length;
            var writing = context.Response.Body.WriteAsync(big.AsMemory(0, big.Length - 1)).AsTask();
            await Task.WhenAny(writing, release);
            await release;
            context.Abort();
        }
    }

    private static async Task<TimeSpan> ProbeAsync(RestClient client)
    {
        var started = Stopwatch.GetTimestamp();
        Assert.Contains("\"data\":1", (await client.PostAsync("""{"a": "/small"}""", "/api/v2/batch")).Text, StringComparison.Ordinal);
        return Stopwatch.GetElapsedTime(started);
    }

    private static async Task<Socket> SendAsync(GatewayProcess gateway, int owner, string path, string body, int lacks)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(IPAddress.Loopback, new Uri(gateway.Address).Port);
        try
        {
            var bytes = Encoding.ASCII.GetBytes(string.Create(
                CultureInfo.InvariantCulture,
                $"POST {path} HTTP/1.1\r\nHost: {new Uri(gateway.Address).Authority}\r\nAuthorization: Bearer {owner}\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
            for (var sent = 0; sent < bytes.Length - lacks;)
            {
                sent += await socket.SendAsync(bytes.AsMemory(sent, bytes.Length - lacks - sent));
            }
        }
        catch (SocketException)
        {
            // Refused before its end.
        }

        return socket;
    }
}
