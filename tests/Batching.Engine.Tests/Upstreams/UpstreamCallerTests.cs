using System.Collections.Concurrent;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Scheduling;
using Batching.Engine.Storage;
using Batching.Engine.Tests.Infrastructure;
using Batching.Engine.Upstreams;
using Batching.V1;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Tests.Upstreams;

public sealed class UpstreamCallerTests : IDisposable
{
    private readonly FakeTime _time = new();
    private readonly BatchEngineOptions _options = new();
    private UpstreamRouter? _router;
    private CallQueue? _queue;

    public void Dispose() => Reset();

    [Fact]
    public async Task CallAsync_AnyBytes_ComeBackExactly()
    {
        byte[][] bodies = [[], [0], "{\"n\": 12345678901234567890, \"d\": 1.10}"u8.ToArray(), Noise(16 * 1024), Noise(300_000)];
        await using var upstream = await TestApi.StartAsync(async context =>
        {
            var body = bodies[int.Parse(context.Request.Query["i"]!, provider: null)];
            if (context.Request.Query.ContainsKey("announced"))
            {
                context.Response.ContentLength = body.Length;
            }

            await context.Response.Body.WriteAsync(body);
        });
        for (var i = 0; i < bodies.Length; i++)
        {
            foreach (var suffix in (string[])["", "&announced"])
            {
                using var reply = await CallAsync(upstream.Url, new Request { Path = $"/x?i={i}{suffix}" });
                Assert.Equal((200, Failure.None, bodies[i].LongLength), (reply.StatusCode, reply.Failure, reply.Size));
                Assert.Equal(bodies[i], reply.Body.ToArray());
            }
        }
    }

    // A gateway that has slept must not call in the name of one that may have taken over.
    [Fact]
    public async Task CallAsync_HoldIsNotCertain_SendsNothingUntilItIs()
    {
        await using var upstream = await TestApi.StartAsync();
        using var hold = new StoreHold(_time);
        hold.Prolong(hold.Now(), TimeSpan.FromSeconds(6), "one");
        hold.Doubt();

        var call = CallAsync(upstream.Url, new Request { Path = "/x" }, hold: hold);
        using var before = await CallAsync(upstream.Url, new Request { Path = "/other" });
        Assert.Equal("/other", Assert.Single(upstream.Requests).Target);
        hold.EndDoubt();

        using var reply = await call;
        Assert.Equal(200, reply.StatusCode);
    }

    [Theory]
    [InlineData(true, 0, Failure.None)]
    [InlineData(true, 1, Failure.ResponseTooLarge)]
    [InlineData(false, 0, Failure.None)]
    [InlineData(false, 1, Failure.ResponseTooLarge)]
    public async Task CallAsync_BodyAtTheLimit_IsCutOffOnlyBeyondIt(bool announced, int beyond, Failure expected)
    {
        var length = (10 * 1024 * 1024) + beyond;
        await using var upstream = await TestApi.StartAsync(async context =>
        {
            context.Response.ContentLength = announced ? length : null;
            for (var sent = 0; sent < length;)
            {
                var chunk = new byte[Math.Min(65_536, length - sent)];
                await context.Response.Body.WriteAsync(chunk);
                sent += chunk.Length;
            }
        });
        using var reply = await CallAsync(upstream.Url, new Request { Path = "/large" });
        Assert.Equal(expected, reply.Failure);
        Assert.Equal(expected == Failure.None ? (200, (long)length) : (502, 0L), (reply.StatusCode, reply.Size));
        Assert.Single(upstream.Requests);
    }

    [Theory]
    [InlineData(7_000, Failure.None)]
    [InlineData(9_000, Failure.ResponseTooLarge)]
    public async Task CallAsync_HeaderAtTheLimit_IsCutOffOnlyBeyondIt(int length, Failure expected)
    {
        _options.Limits.ResponseHeaderBytes = 8 * 1024;
        await using var upstream = await TestApi.StartAsync(context =>
        {
            context.Response.Headers["X-Long"] = new string('x', length);
            return Task.CompletedTask;
        });
        using var reply = await CallAsync(upstream.Url, new Request { Path = "/long" });
        Assert.Equal((expected == Failure.None ? 200 : 502, expected), (reply.StatusCode, reply.Failure));
        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task CallAsync_NoAnswerWithinTheDeadline_TimesOut()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(gate.PassAsync);
        var call = CallAsync(upstream.Url, new Request { Path = "/slow" });
        await gate.UntilEnteredAsync(1);
        _time.Advance(TimeSpan.FromSeconds(29.9));
        Assert.False(call.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        using var reply = await Eventually.WithDeadlineAsync(call, "the deadline");
        Assert.Equal((504, Failure.UpstreamTimeout), (reply.StatusCode, reply.Failure));
        Assert.Equal(1, gate.Entered);
    }

    [Fact]
    public async Task CallAsync_BodyDoesNotEndWithinTheDeadline_TimesOut()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(async context =>
        {
            await context.Response.WriteAsync("begin");
            await context.Response.Body.FlushAsync();
            await gate.PassAsync(context);
        });
        var call = CallAsync(upstream.Url, new Request { Path = "/slow" });
        await gate.UntilEnteredAsync(1);
        _time.Advance(TimeSpan.FromSeconds(30));
        using var reply = await Eventually.WithDeadlineAsync(call, "the deadline");
        Assert.Equal(Failure.UpstreamTimeout, reply.Failure);
    }

    [Fact]
    public async Task CallAsync_Aborted_Throws()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(gate.PassAsync);
        using var abort = new CancellationTokenSource();
        var call = CallAsync(upstream.Url, new Request { Path = "/slow" }, abort: abort.Token);
        await gate.UntilEnteredAsync(1);
        await abort.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Eventually.WithDeadlineAsync(call, "the abort"));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", false)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", true)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n", false)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n123", true)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Le", false)]
    [InlineData("", false)]
    [InlineData("", true)]
    [InlineData("I am no HTTP server\r\n\r\n", false)]
    public async Task CallAsync_BrokenAnswer_IsAResetAndTriedThreeTimes(string answer, bool reset)
    {
        var requests = 0;
        await using var upstream = new RawUpstream(async connection =>
        {
            if (await connection.ReadRequestAsync() is null)
            {
                return;
            }

            Interlocked.Increment(ref requests);
            await connection.WriteAsync(answer);
            if (reset)
            {
                connection.Reset();
            }
        });
        using var reply = await DriveAsync(upstream.Url, new Request { Path = "/cut" });
        Assert.Equal((502, Failure.UpstreamReset), (reply.StatusCode, reply.Failure));
        Assert.Equal(3, requests);

        requests = 0;
        using var posted = await DriveAsync(upstream.Url, EngineHost.Post("/cut"));
        Assert.Equal(Failure.UpstreamReset, posted.Failure);
        Assert.Equal(1, requests);
    }

    // SocketsHttpHandler sends requests without content again by itself, and the gateway does: together it is three times.
    [Theory]
    [InlineData("GET", "", 3)]
    [InlineData("HEAD", "", 3)]
    [InlineData("OPTIONS", "", 3)]
    [InlineData("PUT", "", 3)]
    [InlineData("DELETE", "", 3)]
    [InlineData("GET", "{}", 3)]
    [InlineData("PUT", "{}", 3)]
    [InlineData("DELETE", "{}", 3)]
    [InlineData("POST", "", 1)]
    [InlineData("POST", "{}", 1)]
    [InlineData("PATCH", "", 1)]
    public async Task CallAsync_ConnectionEndsBeforeTheAnswer_IsSentThreeTimesInAllWhereSafe(
        string method, string body, int expected)
    {
        foreach (var isWarm in (bool[])[false, true])
        {
            var requests = 0;
            await using var upstream = new RawUpstream(async connection =>
            {
                while (await connection.ReadRequestAsync() is { } request)
                {
                    if (!request.Contains("/warm ", StringComparison.Ordinal))
                    {
                        Interlocked.Increment(ref requests);
                        return;
                    }

                    await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                }
            });
            Reset();
            if (isWarm)
            {
                using var warm = await CallAsync(upstream.Url, new Request { Path = "/warm" });
                Assert.Equal(200, warm.StatusCode);
            }

            var cut = new Request { Path = "/x", Method = method, Body = ByteString.CopyFromUtf8(body) };
            // Whatever the case that a caller writes the field in that the sends are counted by.
            cut.Headers["user-AGENT"] = "mine";
            using var reply = await DriveAsync(upstream.Url, cut);
            Assert.Equal((502, Failure.UpstreamReset), (reply.StatusCode, reply.Failure));
            Assert.Equal(expected, requests);
        }
    }

    // A connection that was closed under a request says nothing about the API.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task CallAsync_ConnectionsEndBeforeOneAnswers_IsItsAnswer(int ended)
    {
        var requests = 0;
        await using var upstream = new RawUpstream(async connection =>
        {
            if (await connection.ReadRequestAsync() is not null && Interlocked.Increment(ref requests) > ended)
            {
                await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            }
        });
        using var reply = await DriveAsync(upstream.Url, new Request { Path = "/x" });
        Assert.Equal((200, ended + 1), (reply.StatusCode, requests));
    }

    // Only the connection's end would tell that nothing more comes: within the deadline it doesn't.
    [Theory]
    [InlineData("200 OK", "Content-Length: 3\r\nContent-Length: 4\r\n", "body")]
    [InlineData("200 OK", "Content-Length: 4\r\nContent-Length: 3\r\n", "body")]
    [InlineData("200 OK", "Content-Length: 3, 4\r\n", "body")]
    [InlineData("200 OK", "Content-Length: four\r\n", "body")]
    [InlineData("200 OK", "Content-Length: -4\r\n", "body")]
    [InlineData("200 OK", "Content-Length: +4\r\n", "body")]
    [InlineData("200 OK", "Content-Length:\r\n", "body")]
    [InlineData("200 OK", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "4\r\nbody\r\n0\r\n\r\n")]
    [InlineData("200 OK", "Transfer-Encoding: gzip, chunked\r\n", "4\r\nbody\r\n0\r\n\r\n")]
    [InlineData("200 OK", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "4\r\nbody\r\n0\r\n\r\n")]
    [InlineData("200 OK", "Transfer-Encoding: chunked\r\n", "body\r\n")]
    [InlineData("200 OK", "Transfer-Encoding: chunked\r\n", "4\r\nbody and more\r\n0\r\n\r\n")]
    [InlineData("200 OK", "Transfer-Encoding: chunked\r\n", "-4\r\nbody\r\n0\r\n\r\n")]
    [InlineData("101 Switching Protocols", "Upgrade: other\r\nConnection: upgrade\r\n", "")]
    public async Task CallAsync_FramingContradictsItself_IsAResetAtOnce(string status, string fields, string body)
    {
        await using var upstream = new RawUpstream(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.WriteAsync($"HTTP/1.1 {status}\r\n{fields}\r\n{body}");
            await connection.ReadRequestAsync();
        });
        using var reply = await Eventually.WithDeadlineAsync(CallAsync(upstream.Url, EngineHost.Post("/x")), "a reset");
        Assert.Equal((502, Failure.UpstreamReset), (reply.StatusCode, reply.Failure));
    }

    [Theory]
    [InlineData("Content-Length: 4\r\nContent-Length: 4\r\n", "body")]
    [InlineData("Content-Length: 4, 4\r\n", "body")]
    [InlineData("Content-Length: 004\r\n", "body")]
    [InlineData("Transfer-Encoding: identity\r\nContent-Length: 4\r\n", "body")]
    [InlineData("Transfer-Encoding: Chunked\r\n", "4\r\nbody\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n", "4;x=y\r\nbody\r\n0\r\nX-Trailer: z\r\n\r\n")]
    public async Task CallAsync_FramingSaysOneThing_IsRead(string fields, string body)
    {
        await using var upstream = new RawUpstream(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.WriteAsync($"HTTP/1.1 200 OK\r\n{fields}\r\n{body}");
            await connection.ReadRequestAsync();
        });
        using var reply = await Eventually.WithDeadlineAsync(CallAsync(upstream.Url, EngineHost.Post("/x")), "the answer");
        Assert.Equal((200, Failure.None), (reply.StatusCode, reply.Failure));
        Assert.Equal("body"u8.ToArray(), reply.Body.ToArray());
    }

    [Theory]
    [InlineData("GET", "204 No Content")]
    [InlineData("GET", "304 Not Modified")]
    [InlineData("HEAD", "200 OK")]
    public async Task CallAsync_AnswerThatHasNoBody_HasNoneWhateverItAnnounces(string method, string status)
    {
        foreach (var announced in (string[])
            ["Content-Length: 1099511627776", "Content-Length: 99999999999999999999", "Content-Length: x", "Transfer-Encoding: chunked"])
        {
            await using var upstream = new RawUpstream(async connection =>
            {
                await connection.ReadRequestAsync();
                await connection.WriteAsync($"HTTP/1.1 {status}\r\nX-Kept: yes\r\n{announced}\r\n\r\n");
                await connection.ReadRequestAsync();
            });
            Reset();
            using var reply = await Eventually.WithDeadlineAsync(
                CallAsync(upstream.Url, new Request { Path = "/x", Method = method }), $"the answer with {announced}");
            Assert.Equal(
                (int.Parse(status[..3], provider: null), Failure.None, 0L), (reply.StatusCode, reply.Failure, reply.Size));
            Assert.Equal("yes", ResponseHeaders.Find(reply.Headers.Span, "x-kept"u8));
        }
    }

    [Fact]
    public async Task CallAsync_LengthBeyondAnyNumber_IsTooLarge()
    {
        await using var upstream = new RawUpstream(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nbody");
            await connection.ReadRequestAsync();
        });
        using var reply = await Eventually.WithDeadlineAsync(CallAsync(upstream.Url, new Request { Path = "/x" }), "the answer");
        Assert.Equal(Failure.ResponseTooLarge, reply.Failure);
    }

    // RawUpstream writes a byte for each character.
    [Theory]
    [InlineData("Gr\u00C3\u00BC\u00C3\u009Fe", "Grüße")]
    [InlineData("Gr\u00FC\u00DFe", "Grüße")]
    [InlineData("\u00E4\u00BD\u00A0\u00E5\u00A5\u00BD", "你好")]
    [InlineData("\u00F0\u009F\u0098\u0080", "😀")]
    [InlineData("\u00C3\u00BC and \u00FC", "Ã¼ and ü")]
    [InlineData("\u00ED\u00A0\u00BD", "í\u00A0½")]
    public async Task CallAsync_TextOfHeaderFields_IsUtf8ElseLatin1(string bytes, string expected)
    {
        await using var upstream = new RawUpstream(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.WriteAsync(
                $"HTTP/1.1 200 OK\r\nX-Text: {bytes}\r\nLocation: /{bytes}\r\nContent-Disposition: {bytes}\r\n"
                + $"X-Two: {bytes}\r\nX-Two: \u00FC\r\nContent-Length: 0\r\n\r\n");
        });
        using var reply = await CallAsync(upstream.Url, new Request { Path = "/x" });
        var fields = ResponseHeaders.Decode(reply.Headers).ToDictionary();
        Assert.Equal(expected, fields["x-text"]);
        Assert.Equal("/" + expected, fields["location"]);
        Assert.Equal(expected, fields["content-disposition"]);
        Assert.Equal($"{expected}, ü", fields["x-two"]);
        Assert.Equal(expected, ResponseHeaders.Find(reply.Headers.Span, "x-text"u8));
    }

    [Fact]
    public async Task CallAsync_NobodyListens_IsUnreachable()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        using var reply = await DriveAsync(new Uri($"http://127.0.0.1:{port}"), new Request { Path = "/x" });
        Assert.Equal((502, Failure.UpstreamUnreachable), (reply.StatusCode, reply.Failure));
    }

    // A connection that can't be made in time is not the deadline of the request: it is a failure like any other.
    [Fact]
    public async Task CallAsync_ConnectionIsNeverMade_IsUnreachable()
    {
        using var reply = await CallAsync(
            new Uri("http://upstream.test"),
            EngineHost.Post("/x"),
            connect: async (_, cancellationToken) =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
                throw new InvalidOperationException("Unreachable.");
            },
            connectTimeout: TimeSpan.FromMilliseconds(50));
        Assert.Equal((502, Failure.UpstreamUnreachable), (reply.StatusCode, reply.Failure));
        Assert.Contains("within 0.05 s", Encoding.UTF8.GetString(reply.Body.ToArray()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET", 429, 3)]
    [InlineData("GET", 502, 3)]
    [InlineData("GET", 503, 3)]
    [InlineData("GET", 504, 3)]
    [InlineData("HEAD", 503, 3)]
    [InlineData("OPTIONS", 503, 3)]
    [InlineData("PUT", 503, 3)]
    [InlineData("DELETE", 503, 3)]
    [InlineData("POST", 503, 1)]
    [InlineData("PATCH", 503, 1)]
    [InlineData("POST", 429, 1)]
    [InlineData("GET", 500, 1)]
    [InlineData("GET", 501, 1)]
    [InlineData("GET", 404, 1)]
    [InlineData("GET", 408, 1)]
    [InlineData("GET", 304, 1)]
    public async Task CallAsync_StatusCodes_AreTriedAgainOnlyWhereSafeAndNamed(string method, int status, int attempts)
    {
        await using var upstream = await TestApi.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        });
        using var reply = await DriveAsync(upstream.Url, new Request { Path = "/x", Method = method });
        Assert.Equal((status, Failure.None), (reply.StatusCode, reply.Failure));
        Assert.Equal(attempts, upstream.Requests.Count);
    }

    [Fact]
    public async Task CallAsync_SecondAttemptSucceeds_IsTheAnswerWithTheSameBodySent()
    {
        var count = 0;
        await using var upstream = await TestApi.StartAsync(context =>
        {
            context.Response.StatusCode = Interlocked.Increment(ref count) == 1 ? 503 : 200;
            return context.Response.WriteAsync($"answer {count}");
        });
        using var reply = await DriveAsync(
            upstream.Url, new Request { Path = "/x", Method = "PUT", Body = ByteString.CopyFromUtf8("[1]") });
        Assert.Equal(200, reply.StatusCode);
        Assert.Equal("answer 2"u8.ToArray(), reply.Body.ToArray());
        Assert.Equal(["[1]"u8.ToArray(), "[1]"u8.ToArray()], upstream.Requests.Select(call => call.Body));
    }

    [Theory]
    [InlineData("2", 2, false)]
    [InlineData("7", 7, false)]
    [InlineData("2.5", 3, false)]
    [InlineData("3, 3", 3, false)]
    [InlineData("2,6", 6, false)]
    [InlineData("Sun, 01 Mar 2026 12:00:05 GMT", 5, true)]
    public async Task CallAsync_RetryAfter_IsHonoured(string retryAfter, int expected, bool once)
    {
        var times = new ConcurrentQueue<DateTimeOffset>();
        await using var upstream = await TestApi.StartAsync(context =>
        {
            times.Enqueue(_time.GetUtcNow());
            context.Response.StatusCode = once && times.Count > 1 ? 200 : 503;
            context.Response.Headers.RetryAfter = retryAfter;
            return Task.CompletedTask;
        });
        using var reply = await DriveAsync(upstream.Url, new Request { Path = "/x" });
        var seen = times.ToArray();
        Assert.Equal(once ? 2 : 3, seen.Length);
        Assert.All(
            seen.Zip(seen.Skip(1)),
            pair => Assert.Equal(TimeSpan.FromSeconds(expected), pair.Second - pair.First));
    }

    [Theory]
    [InlineData("30")]
    [InlineData("3600")]
    [InlineData("30,120")]
    [InlineData("3000000000")]
    [InlineData("99999999999999999999999999")]
    [InlineData("Sun, 01 Mar 2026 13:00:00 GMT")]
    public async Task CallAsync_RetryAfterBeyondTheDeadline_GivesTheAnswerInHand(string retryAfter)
    {
        await using var upstream = await TestApi.StartAsync(context =>
        {
            context.Response.StatusCode = 429;
            context.Response.Headers.RetryAfter = retryAfter;
            return context.Response.WriteAsync("later");
        });
        using var reply = await Eventually.WithDeadlineAsync(
            CallAsync(upstream.Url, new Request { Path = "/x" }), "an answer without any wait");
        Assert.Equal((429, Failure.None), (reply.StatusCode, reply.Failure));
        Assert.Equal("later"u8.ToArray(), reply.Body.ToArray());
        Assert.Single(upstream.Requests);
    }

    // SocketsHttpHandler sends a request again by itself when a pooled connection ends before the answer begins, if it
    // believes that nothing of the request was sent.
    [Theory]
    [InlineData("POST", "")]
    [InlineData("POST", "{}")]
    [InlineData("PATCH", "")]
    [InlineData("PATCH", "{}")]
    public async Task CallAsync_PooledConnectionEndsUnderAnUnsafeRequest_IsNotSentAgain(string method, string body)
    {
        var received = new ConcurrentQueue<string>();
        await using var upstream = new RawUpstream(async connection =>
        {
            while (await connection.ReadRequestAsync() is { } request)
            {
                received.Enqueue(request.Split(' ')[0]);
                if (!request.StartsWith("GET", StringComparison.Ordinal))
                {
                    return;
                }

                await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            }
        });
        using (var warm = await CallAsync(upstream.Url, new Request { Path = "/warm" }))
        {
            Assert.Equal(200, warm.StatusCode);
        }

        using var reply = await CallAsync(
            upstream.Url, new Request { Path = "/x", Method = method, Body = ByteString.CopyFromUtf8(body) });
        Assert.Equal(Failure.UpstreamReset, reply.Failure);
        Assert.Equal(["GET", method], received);
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task CallAsync_Redirect_IsTheAnswer(int status)
    {
        await using var elsewhere = await TestApi.StartEchoAsync();
        await using var upstream = await TestApi.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = elsewhere.Address + "x";
            return Task.CompletedTask;
        });
        using var reply = await CallAsync(upstream.Url, new Request { Path = "/x" });
        Assert.Equal(status, reply.StatusCode);
        Assert.Contains(new("location", elsewhere.Address + "x"), ResponseHeaders.Decode(reply.Headers));
        Assert.Empty(elsewhere.Requests);
    }

    [Fact]
    public async Task CallAsync_Head_HasNoBodyHoweverLongItIsAnnounced()
    {
        await using var upstream = await TestApi.StartAsync(context =>
        {
            context.Response.ContentLength = 1L << 40;
            return Task.CompletedTask;
        });
        using var reply = await CallAsync(upstream.Url, new Request { Path = "/x", Method = "HEAD" });
        Assert.Equal((200, Failure.None, 0L), (reply.StatusCode, reply.Failure, reply.Size));
        Assert.Contains(new("content-length", "1099511627776"), ResponseHeaders.Decode(reply.Headers));
    }

    [Fact]
    public async Task CallAsync_CompressedAnswer_IsLeftAsItIs()
    {
        using var buffer = new MemoryStream();
        using (var gzip = new GZipStream(buffer, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(new byte[1000]);
        }

        await using var upstream = await TestApi.StartAsync(context =>
        {
            context.Response.Headers.ContentEncoding = "gzip";
            return context.Response.Body.WriteAsync(buffer.ToArray()).AsTask();
        });
        using var reply = await CallAsync(
            upstream.Url, new Request { Path = "/x", Headers = { ["Accept-Encoding"] = "gzip" } });
        Assert.Equal(buffer.ToArray(), reply.Body.ToArray());
        Assert.Contains(new("content-encoding", "gzip"), ResponseHeaders.Decode(reply.Headers));
    }

    [Fact]
    public async Task CallAsync_Headers_AreTheRequestsOwnAndNoMore()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        using var reply = await CallAsync(
            upstream.Url,
            new Request
            {
                Path = "/x?y=%2F",
                Method = "POST",
                Body = ByteString.CopyFromUtf8("{}"),
                Headers = { ["X-Trace"] = "7", ["Content-Language"] = "de", ["X-Name"] = "José 你好", ["Idempotency-Key"] = "k" },
            },
            authorization: "Bearer secret");
        Assert.Equal(200, reply.StatusCode);
        var call = Assert.Single(upstream.Requests);
        Assert.Equal(("POST", "/x?y=%2F"), (call.Method, call.Target));
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["Accept"] = "application/json, */*;q=0.8",
                ["Authorization"] = "Bearer secret",
                ["Content-Language"] = "de",
                ["Content-Length"] = "2",
                ["Content-Type"] = "application/json",
                ["Host"] = upstream.Url.Authority,
                ["Idempotency-Key"] = "k",
                ["User-Agent"] = "Batch",
                ["X-Name"] = "José 你好",
                ["X-Trace"] = "7",
            },
            call.Headers.OrderBy(field => field.Key, StringComparer.Ordinal).ToDictionary());
    }

    [Fact]
    public async Task CallAsync_CredentialInAnotherField_IsSentInThat()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        _options.CredentialHeader = "X-User";

        using var reply = await CallAsync(upstream.Url, new Request { Path = "/x", Method = "GET" }, "alice");

        var headers = Assert.Single(upstream.Requests).Headers;
        Assert.Equal("alice", headers["X-User"]);
        Assert.DoesNotContain("Authorization", headers.Keys);
    }

    [Theory]
    [InlineData(ClientAddressField.Off, "192.0.2.1", null, null)]
    [InlineData(ClientAddressField.XForwardedFor, null, null, null)]
    [InlineData(ClientAddressField.XForwardedFor, "192.0.2.1", "X-Forwarded-For", "192.0.2.1")]
    [InlineData(ClientAddressField.XForwardedFor, "2001:db8::1", "X-Forwarded-For", "2001:db8::1")]
    [InlineData(ClientAddressField.Forwarded, "192.0.2.1", "Forwarded", "for=192.0.2.1")]
    [InlineData(ClientAddressField.Forwarded, "2001:db8::1", "Forwarded", "for=\"[2001:db8::1]\"")]
    public async Task CallAsync_ClientAddress_IsToldAsConfigured(
        ClientAddressField field, string? peer, string? name, string? value)
    {
        _options.Headers.ClientAddress = field;
        await using var upstream = await TestApi.StartEchoAsync();
        using var reply = await CallAsync(
            upstream.Url, new Request { Path = "/x" }, forwarded: new ForwardedFields(peer, null));
        var headers = Assert.Single(upstream.Requests).Headers;
        Assert.Equal(
            name is null ? [] : [new(name, value!)], headers.Where(header => header.Key.Contains("Forwarded", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task CallAsync_TraceOfTheClient_GoesOnWithASpanOfItsOwnForEachRequest()
    {
        var trace = ForwardedFields.TraceOf("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00");
        Assert.Equal("0af7651916cd43dd8448eb211c80319c-00", trace);
        var origin = new ForwardedFields(null, trace);
        await using var upstream = await TestApi.StartEchoAsync();
        for (var i = 0; i < 2; i++)
        {
            using var reply = await CallAsync(upstream.Url, new Request { Path = "/x" }, forwarded: origin);
        }

        var sent = upstream.Requests.Select(call => call.Headers["traceparent"]).ToArray();
        Assert.All(sent, value => Assert.Matches("^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00$", value));
        Assert.Equal(2, sent.Distinct().Count());
        Assert.DoesNotContain("b7ad6b7169203331", string.Concat(sent), StringComparison.Ordinal);
    }

    [Fact]
    public void NewTraceParent_SubmissionWasRecorded_IsItsSpanForWhatIsNot()
    {
        const string Recorded = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        var fields = new ForwardedFields(null, Recorded);
        Assert.Equal(("00-" + Recorded, "00-" + Recorded), (fields.NewTraceParent(), fields.NewTraceParent()));
        Assert.Equal("b7ad6b7169203331", fields.Submission.SpanId.ToHexString());
        Assert.Equal(default, new ForwardedFields(null, "0af7651916cd43dd8448eb211c80319c-01").Submission);
    }

    // W3C Trace Context, "Versioning of traceparent".
    [Theory]
    [InlineData("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "01")]
    [InlineData("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more-of-it", "01")]
    [InlineData("fe-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00-", "00")]
    [InlineData("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-83-x", "01")]
    public void TraceOf_LaterVersion_GoesOn(string traceParent, string flags) =>
        Assert.Equal($"0af7651916cd43dd8448eb211c80319c-{flags}", ForwardedFields.TraceOf(traceParent));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
    [InlineData("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x")]
    [InlineData("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x")]
    [InlineData("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x-y")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c+b7ad6b7169203331-01")]
    [InlineData("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\u00FC")]
    [InlineData("01-0af7651916cd43dd8448eb211c80319c+b7ad6b7169203331-01-x")]
    [InlineData("0G-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x")]
    [InlineData("00-00000000000000000000000000000000-b7ad6b7169203331-01")]
    [InlineData("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331")]
    [InlineData("x\r\nX-Evil: 1")]
    public void TraceOf_NoValidTrace_IsANewOne(string? traceParent)
    {
        var trace = ForwardedFields.TraceOf(traceParent);
        Assert.Matches("^[0-9a-f]{32}-01$", trace);
        Assert.NotEqual(trace, ForwardedFields.TraceOf(traceParent));
        Assert.DoesNotContain("0af7651916cd43dd8448eb211c80319c", trace, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CallAsync_FieldsThatTheRequestHas_AreNotSetAgain()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        using var reply = await CallAsync(
            upstream.Url,
            new Request
            {
                Path = "/x",
                // HttpClient counts this one to the content, which a GET has none of.
                Headers = { ["user-agent"] = "mine/1", ["Traceparent"] = "mine", ["content-type"] = "text/plain" },
            },
            forwarded: new ForwardedFields(null, null));
        var headers = Assert.Single(upstream.Requests).Headers;
        Assert.Equal(("mine/1", "mine"), (headers["User-Agent"], headers["traceparent"]));
        Assert.Equal("text/plain", headers["Content-Type"]);
    }

    [Fact]
    public async Task CallAsync_UpstreamThatGetsNoCredential_GetsNone()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        _options.Upstreams.Add(new UpstreamOptions { BaseAddress = upstream.Url, ForwardCredential = false });
        _router = CreateRouter();
        using var reply = await CallAsync(upstream.Url, new Request { Path = "/x" }, authorization: "Bearer secret");
        Assert.DoesNotContain("Authorization", Assert.Single(upstream.Requests).Headers.Keys);
    }

    [Theory]
    [InlineData("POST", "text", "text/plain", "text/plain")]
    [InlineData("PUT", "{}", null, "application/json")]
    [InlineData("DELETE", "[1]", null, "application/json")]
    [InlineData("POST", "", null, null)]
    [InlineData("GET", "", null, null)]
    public async Task CallAsync_ContentType_IsJsonUnlessTheRequestSaysOtherwise(
        string method, string body, string? given, string? expected)
    {
        await using var upstream = await TestApi.StartEchoAsync();
        var request = new Request { Path = "/x", Method = method, Body = ByteString.CopyFromUtf8(body) };
        if (given is not null)
        {
            request.Headers["content-type"] = given;
        }

        using var reply = await CallAsync(upstream.Url, request);
        Assert.Equal(expected, Assert.Single(upstream.Requests).Headers.GetValueOrDefault("Content-Type"));
        Assert.DoesNotContain("Authorization", upstream.Requests.Single().Headers.Keys);
    }

    // A credential comes from the caller of the gateway, for example from its query, where everything can be encoded.
    [Fact]
    public async Task CallAsync_CredentialWithALineBreak_SendsNoFieldOfItsOwn()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await Assert.ThrowsAsync<ArgumentException>(() => CallAsync(
            upstream.Url, new Request { Path = "/x" }, authorization: "Bearer a\r\nX-Evil: 1"));
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task CallAsync_FoldedHeaderField_ReadsAsOne()
    {
        await using var upstream = new RawUpstream(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.WriteAsync(
                "HTTP/1.1 200 OK\r\nX-Folded: one\r\n  two\r\nX-Next: three\r\nContent-Length: 0\r\n\r\n");
        });
        using var reply = await CallAsync(upstream.Url, new Request { Path = "/x" });
        var fields = ResponseHeaders.Decode(reply.Headers).ToDictionary();
        Assert.Equal(["one", "two"], fields["x-folded"].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal("three", fields["x-next"]);
    }

    [Fact]
    public async Task CallAsync_CookieOfAnAnswer_IsNeitherKeptNorSentBack()
    {
        await using var upstream = await TestApi.StartAsync(context =>
        {
            context.Response.Headers.SetCookie = "session=1";
            return Task.CompletedTask;
        });
        for (var i = 0; i < 2; i++)
        {
            using var reply = await CallAsync(upstream.Url, new Request { Path = "/x" });
            Assert.DoesNotContain(ResponseHeaders.Decode(reply.Headers), field => field.Key == "set-cookie");
        }

        Assert.All(upstream.Requests, call => Assert.DoesNotContain("Cookie", call.Headers.Keys));
    }

    [Fact]
    public async Task CallAsync_CookieOfAnAnswer_IsKeptWhereConfigured()
    {
        _options.Headers.SetCookie = true;
        await using var upstream = await TestApi.StartAsync(context =>
        {
            context.Response.Headers.SetCookie = new(["a=1", "b=2"]);
            return Task.CompletedTask;
        });
        using var reply = await CallAsync(upstream.Url, new Request { Path = "/x" });
        Assert.Contains(new("set-cookie", "a=1, b=2"), ResponseHeaders.Decode(reply.Headers));
    }

    // For another upstream.
    private void Reset()
    {
        _options.Upstreams.Clear();
        _router?.Dispose();
        _router = null;
        _queue?.Dispose();
        _queue = null;
    }

    private UpstreamRouter CreateRouter()
    {
        var router = new UpstreamRouter(Options.Create(_options));
        _queue = new CallQueue(router.Upstreams[0].Options, _time, NullLogger.Instance);
        _queue.Open();
        return router;
    }

    private static byte[] Noise(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    private async Task<UpstreamReply> CallAsync(
        Uri address,
        Request request,
        string? authorization = null,
        Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>? connect = null,
        ForwardedFields? forwarded = null,
        TimeSpan? connectTimeout = null,
        StoreHold? hold = null,
        CancellationToken abort = default)
    {
        if (_router is null)
        {
            var upstream = new UpstreamOptions { BaseAddress = address, ConnectCallback = connect };
            upstream.ConnectTimeout = connectTimeout ?? upstream.ConnectTimeout;
            _options.Upstreams.Add(upstream);
            _router = CreateRouter();
        }

        Assert.True(_router.TryRoute(request, out var route, out var problem), problem?.Message);
        var caller = new UpstreamCaller(Options.Create(_options), new MemoryBudgets(Options.Create(_options), _time), _time, hold);
        var call = new UpstreamCall(route, Methods.Find(request.Method)!, request, authorization) { Forwarded = forwarded };
        var work = new Work(place => caller.CallAsync(call, place, abort));
        _queue!.Enqueue("", 1, work);
        return await work.Reply;
    }

    // Advances the clock over the waits between attempts, never over the deadline.
    private Task<UpstreamReply> DriveAsync(Uri address, Request request, string? authorization = null) =>
        _time.DriveAsync(CallAsync(address, request, authorization), below: TimeSpan.FromSeconds(15));

    /// <summary>Makes one call when it has its place.</summary>
    private sealed class Work(Func<ICallPlace, ValueTask<UpstreamReply>> call) : IUpstreamWork
    {
        private readonly TaskCompletionSource<UpstreamReply> _reply = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<UpstreamReply> Reply => _reply.Task;

        public async ValueTask RunAsync(ICallPlace place)
        {
            try
            {
                _reply.SetResult(await call(place));
            }
            catch (OperationCanceledException exception)
            {
                _reply.SetCanceled(exception.CancellationToken);
            }
            catch (Exception exception)
            {
                _reply.SetException(exception);
            }
        }
    }
}
