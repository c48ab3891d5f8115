using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Batching.Server.Tests.Infrastructure;
using Microsoft.AspNetCore.Http;

namespace Batching.Security.Tests;

/// <summary>Answers that are held for one owner take nothing from the others, and no more memory than they may.</summary>
public sealed class HeldAnswerTests
{
    private const int Megabyte = 1024 * 1024;

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task KeyedReplies_UnreadOfOneOwner_LeaveRoomForOthers()
    {
        var body = new byte[6 * Megabyte];
        await using var api = await TestApi.StartUnrecordedAsync(
            context => TestApi.BytesAsync(context, "application/octet-stream", body));
        await using var gateway = await Gateway.StartAsync(
            api, "--Batch:Keyed:HeldBytes=67108864", "--Batch:Keyed:HeldBytesPerOwner=33554432");
        using var other = gateway.RestAs("Bearer other");
        var sockets = new List<Socket>();
        try
        {
            // Of those that come at once few may find room: each takes it piece by piece, and all give up together.
            await Eventually.BeTrueAsync(
                async () =>
                {
                    if ((await gateway.Rest.PostAsync("""{"a": "/x"}""", "/api/v2/batch")).Text.Contains(
                        "reply_too_large", StringComparison.Ordinal))
                    {
                        return true;
                    }

                    sockets.Add(await PostAndNotReadAsync(gateway.Address, "/api/v2/batch", """{"a": "/x", "b": "/x"}"""));
                    return false;
                },
                "the share of the owner is used up");
            var started = Stopwatch.GetTimestamp();
            for (var i = 0; i < 5; i++)
            {
                var reply = await other.PostAsync("""{"a": "/x", "b": "/x"}""", "/api/v2/batch");
                Assert.DoesNotContain("reply_too_large", reply.Text, StringComparison.Ordinal);
                Assert.InRange(reply.Text.Length, 12 * Megabyte, 20 * Megabyte);
            }

            Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, 2 * Soon);
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }

        // What nobody reads any more is given back.
        await Eventually.BeTrueAsync(
            async () => !(await gateway.Rest.PostAsync("""{"a": "/x", "b": "/x", "c": "/x", "d": "/x"}""", "/api/v2/batch")).Text.Contains(
                "reply_too_large", StringComparison.Ordinal),
            "there is room again");
    }

    // 576 MB, of which each answer lacks its end.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Answers_ManyLargeOnesAtOnce_TakeNoMoreThanTheBudget(bool announced)
    {
        const int Calls = 64;
        const int Size = 9 * Megabyte;
        var release = new TaskCompletionSource();
        var begun = 0;
        var body = new byte[Size];
        await using var api = await TestApi.StartUnrecordedAsync(async context =>
        {
            if (context.Request.Path == "/small")
            {
                await TestApi.JsonAsync(context, "1");
                return;
            }

            context.Response.ContentType = "application/octet-stream";
            context.Response.ContentLength = announced ? Size : null;
            Interlocked.Increment(ref begun);
            var writing = context.Response.Body.WriteAsync(body.AsMemory(0, Size - 1)).AsTask();
            await Task.WhenAny(writing, release.Task);
            await release.Task;
            await writing;
            await context.Response.Body.WriteAsync(body.AsMemory(Size - 1));
        });
        using var data = new TemporaryDirectory();
        using var gateway = await GatewayProcess.StartAsync(new Dictionary<string, string>
        {
            ["Batch__Upstreams__0__BaseAddress"] = api.Address,
            ["Batch__Upstreams__0__MaxConcurrency"] = "200",
            // None is to end for being late on a machine that is busy.
            ["Batch__Upstreams__0__Timeout"] = "00:10:00",
            ["Batch__DataDirectory"] = data.FullName,
        });
        using var other = new RestClient(gateway.Address, "Bearer other");
        await RunSmallAsync(other);
        var before = gateway.ResidentBytes;
        var batch = await gateway.Rest.SubmitPathsAsync(
            Enumerable.Range(0, Calls).Select(i => i.ToString(CultureInfo.InvariantCulture)));

        await Eventually.BeTrueAsync(() => Volatile.Read(ref begun) == Calls, "all are under way");
        var latency = TimeSpan.Zero;
        var more = 0L;
        for (var i = 0; i < 20; i++)
        {
            var one = await RunSmallAsync(other);
            latency = one > latency ? one : latency;
            more = Math.Max(more, gateway.ResidentBytes - before);
        }

        release.SetResult();
        Assert.InRange(latency, TimeSpan.Zero, Soon);
        Assert.InRange(more / Megabyte, -100, 150);

        // None of them is lost: those that have waited are read now.
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);
        var status = (await gateway.Rest.GetAsync($"{batch.Path}/status")).Success();
        Assert.Equal(0, status.Batch.GetProperty("failedRequests").GetInt32());
        Assert.Equal((long)Calls * Size, status.Batch.GetProperty("responseSize").GetInt64());
    }

    private static async Task<TimeSpan> RunSmallAsync(RestClient client)
    {
        var started = Stopwatch.GetTimestamp();
        await client.RunAsync("""{"path": "small"}""");
        return Stopwatch.GetElapsedTime(started);
    }

    private static async Task<Socket> PostAndNotReadAsync(string address, string path, string body)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(IPAddress.Loopback, new Uri(address).Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"POST {path} HTTP/1.1\r\nHost: {new Uri(address).Authority}\r\nContent-Length: {body.Length}\r\n\r\n{body}")));
        return socket;
    }
}
