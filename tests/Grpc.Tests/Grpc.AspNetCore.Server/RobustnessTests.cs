using Grpc.Tests.Echo;
using Grpc.Tests.Infrastructure;
using Microsoft.Extensions.Logging;
using Xunit.Abstractions;

namespace Grpc.Tests.Server;

/// <summary>Broken frames and headers by the thousand: each is answered with a status, and nothing else happens.</summary>
[Collection(RunsAlone.Name)]
public sealed class RobustnessTests(ITestOutputHelper output)
{
    private const int WarmUpCalls = 10_000;
    private const int Calls = 100_000;
    private const int Workers = 16;
    private const long MaxGrowth = 16 * 1024 * 1024;
    private const long EnhanceYourCalm = 0xb;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(40);
    private static readonly string[] Methods = ["Echo", "Expand", "Collect", "Chat", "Nothing"];

    [Fact]
    public async Task Call_MutatedFramesAndHeaders_AlwaysAStatus()
    {
        var seed = Environment.GetEnvironmentVariable("GRPC_TESTS_SEED") is { } given ? int.Parse(given, null) : Environment.TickCount;
        output.WriteLine($"seed {seed} (set GRPC_TESTS_SEED to repeat)");
        // What is logged below a warning would be the only thing that is kept of each call.
        await using var server = await GrpcTestServer.StartAsync(
            configure: builder => builder.Logging.SetMinimumLevel(LogLevel.Warning));
        using var http = new HttpClient();
        await RunAsync(server, http, seed, WarmUpCalls);
        var before = GC.GetTotalMemory(forceFullCollection: true);

        await RunAsync(server, http, seed + Workers, Calls);

        var growth = GC.GetTotalMemory(forceFullCollection: true) - before;
        output.WriteLine($"the heap grew by {growth / 1024} KiB");
        Assert.True(growth < MaxGrowth, $"the heap grew by {growth / 1024} KiB");
        Assert.Equal("ok", (await server.Client.EchoAsync(new EchoRequest { Text = "ok" })).Text);
    }

    private async Task RunAsync(GrpcTestServer server, HttpClient http, int seed, int calls)
    {
        var started = TimeProvider.System.GetTimestamp();
        var done = 0;
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(async () =>
        {
            var random = new Random(seed + worker);
            for (var i = 0; i < calls / Workers && TimeProvider.System.GetElapsedTime(started) < Limit; i++)
            {
                var method = Methods[random.Next(Methods.Length)];
                var body = Mutate(random);
                var headers = Headers(random);
                using var response = await SendAsync(
                    http, () => RawCall.Request(server.Address, $"/grpctest.v1.EchoService/{method}", body, headers: headers));
                await response.Content.ReadAsByteArrayAsync();
                Assert.True(RawCall.Status(response) is not null, $"no status: worker {worker}, call {i}, {method} {Convert.ToHexString(body)}");
                Interlocked.Increment(ref done);
            }
        })));

        output.WriteLine($"{done} calls in {TimeProvider.System.GetElapsedTime(started).TotalSeconds:F1} s");
    }

    // On a fast machine so many calls end before their bodies do that Kestrel, which has them all in mind for a while, takes
    // no more of them for as long (RFC 9113, section 7): nobody behind it sees such a call.
    private static async Task<HttpResponseMessage> SendAsync(HttpClient http, Func<HttpRequestMessage> create)
    {
        while (true)
        {
            using var request = create();
            try
            {
                return await http.SendAsync(request).WaitAsync(TimeSpan.FromSeconds(30));
            }
            catch (HttpRequestException e) when (e.InnerException is HttpProtocolException { ErrorCode: EnhanceYourCalm })
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
            }
        }
    }

    private static byte[] Mutate(Random random)
    {
        var message = new EchoRequest { Text = new string('x', random.Next(40)), Count = random.Next(5), ResponseSize = random.Next(200) };
        var frames = Enumerable.Range(0, random.Next(1, 4)).SelectMany(_ => RawCall.Frame(message)).ToList();
        for (var changes = random.Next(4); changes > 0; changes--)
        {
            var at = random.Next(frames.Count);
            switch (random.Next(4))
            {
                case 0:
                    frames[at] = (byte)random.Next(256);
                    break;
                case 1:
                    frames.Insert(at, (byte)random.Next(256));
                    break;
                case 2 when frames.Count > 1:
                    frames.RemoveAt(at);
                    break;
                default:
                    frames = [.. frames.Take(at + 1)];
                    break;
            }
        }

        // Bytes that may be the tags of sleep_ms and throw_message: a handler that does as told is no finding.
        var body = frames.ToArray();
        return body.AsSpan().IndexOfAny((byte)0x38, (byte)0x52) >= 0 ? RawCall.Frame([0xff]) : body;
    }

    private static (string, string)[] Headers(Random random) => random.Next(6) switch
    {
        0 => [("grpc-timeout", random.Next(2) == 0 ? "5S" : $"{random.Next()}{(char)random.Next(33, 127)}")],
        1 => [("grpc-encoding", random.Next(2) == 0 ? "gzip" : $"{(char)random.Next(33, 127)}x")],
        2 => [("x-any-bin", Convert.ToBase64String(BitConverter.GetBytes(random.Next()))[..random.Next(1, 8)])],
        3 => [("grpc-accept-encoding", "gzip,,;q=1, ")],
        _ => [],
    };
}
