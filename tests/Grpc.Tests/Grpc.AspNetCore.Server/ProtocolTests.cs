using System.IO.Compression;
using System.Net;
using Google.Protobuf;
using Grpc.Tests.Echo;
using Grpc.Tests.Infrastructure;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Grpc.Tests.Server;

/// <summary>What no client of ours sends, and what it would not show.</summary>
public sealed class ProtocolTests : IAsyncLifetime
{
    private const string EchoPath = "/grpctest.v1.EchoService/Echo";
    private const string ExpandPath = "/grpctest.v1.EchoService/Expand";
    private const string CollectPath = "/grpctest.v1.EchoService/Collect";

    private readonly HttpClient _http = new();
    private GrpcTestServer _server = null!;

    public static TheoryData<string, byte[], int> Malformed => new()
    {
        { EchoPath, [], 13 },
        { EchoPath, [0], 13 },
        { EchoPath, [0, 0, 0, 0], 13 },
        { EchoPath, [0, 0, 0, 0, 5], 13 },
        { EchoPath, [0, 0, 0, 0, 5, 1, 2], 13 },
        { EchoPath, [2, 0, 0, 0, 0], 13 },
        { EchoPath, [255, 0, 0, 0, 0], 13 },
        { EchoPath, [1, 0, 0, 0, 0], 13 },
        { EchoPath, [0, 0xff, 0xff, 0xff, 0xff], 8 },
        { EchoPath, [0, 0x80, 0, 0, 0], 8 },
        { EchoPath, [0, 0x00, 0x40, 0, 1], 8 },
        { EchoPath, [.. RawCall.Frame(new EchoRequest()), 0], 13 },
        { EchoPath, [.. RawCall.Frame(new EchoRequest()), .. RawCall.Frame(new EchoRequest())], 13 },
        { EchoPath, RawCall.Frame([0x0a, 0xff]), 13 },
        { EchoPath, RawCall.Frame([0xff, 0xff, 0xff]), 13 },
        // A string that is not UTF-8.
        { EchoPath, RawCall.Frame([0x0a, 0x01, 0xff]), 13 },
        { ExpandPath, [], 13 },
        { ExpandPath, RawCall.Frame([0x07]), 13 },
        { CollectPath, [.. RawCall.Frame(new EchoRequest()), 0, 0], 13 },
        { CollectPath, [.. RawCall.Frame(new EchoRequest()), 3, 0, 0, 0, 0], 13 },
    };

    public async Task InitializeAsync() => _server = await GrpcTestServer.StartAsync();

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task Call_MalformedBody_StatusAndNoErrorLogged(string path, byte[] body, int status)
    {
        using var response = await CallAsync(body, path);

        Assert.Equal($"{status}", RawCall.Status(response));

        // And the connection still serves.
        using var next = await CallAsync(RawCall.Frame(new EchoRequest()));
        Assert.Equal("0", RawCall.Status(next));
    }

    [Theory]
    [InlineData("1H", 0)]
    [InlineData("10M", 0)]
    [InlineData("99999999S", 0)]
    [InlineData("99999999H", 0)]
    [InlineData("50m", 4)]
    [InlineData("50000u", 4)]
    [InlineData("50000000n", 4)]
    [InlineData("1n", 4)]
    [InlineData("0S", 4)]
    [InlineData("", 13)]
    [InlineData("S", 13)]
    [InlineData("1", 13)]
    [InlineData("1s", 13)]
    [InlineData("-1S", 13)]
    [InlineData("1.5S", 13)]
    [InlineData("123456789S", 13)]
    public async Task Echo_Timeout_EveryUnit(string timeout, int status)
    {
        using var response = await CallAsync(
            RawCall.Frame(new EchoRequest { SleepMs = status == 4 ? 60_000 : 0 }),
            EchoPath,
            ("grpc-timeout", timeout));

        Assert.Equal($"{status}", RawCall.Status(response));
    }

    [Fact]
    public async Task Echo_DeadlineIsOverAtOnce_StatusIsSentAllTheSame()
    {
        await using var server = await GrpcTestServer.StartAsync(
            configure: static builder => builder.Services.AddSingleton<TimeProvider>(new ImpatientTime()));
        using var response = await _http.SendAsync(
            RawCall.Request(server.Address, EchoPath, RawCall.Frame(new EchoRequest()), headers: ("grpc-timeout", "1n")));

        Assert.Equal("4", RawCall.Status(response));
    }

    [Fact]
    public async Task Echo_HandlerIgnoresDeadline_StatusSentAtTheDeadline()
    {
        // The handler would return only after a minute; the call ends all the same.
        var call = CallAsync(
            RawCall.Frame(new EchoRequest { SleepMs = 60_000, IgnoreCancellation = true }), EchoPath, ("grpc-timeout", "50m"));
        using var response = await call.WaitAsync(TimeSpan.FromSeconds(20));

        Assert.Equal("4", RawCall.Status(response));
    }

    [Theory]
    [InlineData("br")]
    [InlineData("GZIP")]
    public async Task Echo_UnknownEncoding_UnimplementedWithTheKnown(string encoding)
    {
        using var response = await CallAsync(RawCall.Frame(new EchoRequest()), EchoPath, ("grpc-encoding", encoding));

        Assert.Equal("12", RawCall.Status(response));
        Assert.Equal("identity,deflate,gzip", response.Headers.GetValues("grpc-accept-encoding").Single());
    }

    [Fact]
    public async Task Echo_CompressedRequest_Read()
    {
        var request = new EchoRequest { Text = "hello" };

        using var response = await CallAsync(RawCall.Frame(Gzip(request.ToByteArray()), flag: 1), EchoPath, ("grpc-encoding", "gzip"));

        var payload = Assert.Single(RawCall.Payloads(await response.Content.ReadAsByteArrayAsync()));
        Assert.Equal("hello", EchoResponse.Parser.ParseFrom(payload).Text);
    }

    [Fact]
    public async Task Echo_CompressionBomb_ResourceExhausted()
    {
        using var response = await CallAsync(RawCall.Frame(Gzip(new byte[64 * 1024 * 1024]), flag: 1), EchoPath, ("grpc-encoding", "gzip"));

        Assert.Equal("8", RawCall.Status(response));
    }

    [Fact]
    public async Task Echo_CorruptCompression_Internal()
    {
        using var response = await CallAsync(RawCall.Frame([1, 2, 3, 4], flag: 1), EchoPath, ("grpc-encoding", "gzip"));

        Assert.Equal("13", RawCall.Status(response));
    }

    [Theory]
    [InlineData("gzip", 1)]
    [InlineData("identity, deflate ,gzip", 1)]
    [InlineData("deflate", 0)]
    [InlineData("", 0)]
    public async Task Echo_ServerCompresses_OnlyWhatTheClientAccepts(string accepted, byte flag)
    {
        await using var server = await GrpcTestServer.StartAsync(options => options.ResponseCompressionAlgorithm = "gzip");
        using var request = RawCall.Request(
            server.Address, EchoPath, RawCall.Frame(new EchoRequest { ResponseSize = 10_000 }), headers: ("grpc-accept-encoding", accepted));
        using var response = await _http.SendAsync(request);

        var body = await response.Content.ReadAsByteArrayAsync();
        Assert.Equal(flag, body[0]);
        Assert.Equal(flag == 1, response.Headers.Contains("grpc-encoding"));
        Assert.InRange(body.Length, 10, flag == 1 ? 1000 : 20_000);
    }

    [Fact]
    public async Task Echo_MetadataUnpaddedAndRepeated_BothRead()
    {
        using var response = await CallAsync(
            RawCall.Frame(new EchoRequest { EchoMetadata = true }),
            EchoPath,
            ("x-a-bin", "AQ"),
            ("x-b-bin", "AQ==,Ag"),
            ("x-c-bin", "not base64!"));

        Assert.Equal("AQ", response.Headers.GetValues("x-a-bin").Single());
        Assert.Equal(["AQ", "Ag"], response.Headers.GetValues("x-b-bin"));
        Assert.Equal(["AQ", "Ag"], response.TrailingHeaders.GetValues("x-b-trailer-bin"));
        Assert.False(response.Headers.Contains("x-c-bin"));
    }

    [Fact]
    public async Task Echo_Http1_UpgradeRequired()
    {
        await using var server = await GrpcTestServer.StartAsync(protocols: HttpProtocols.Http1);
        using var request = RawCall.Request(server.Address, EchoPath, RawCall.Frame(new EchoRequest()));
        request.Version = HttpVersion.Version11;
        using var response = await _http.SendAsync(request);

        Assert.Equal(HttpStatusCode.UpgradeRequired, response.StatusCode);
    }

    [Fact]
    public async Task Get_KnownMethod_405()
    {
        using var response = await _http.SendAsync(new HttpRequestMessage(HttpMethod.Get, new Uri(_server.Address, EchoPath))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        });

        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return output.ToArray();
    }

    private Task<HttpResponseMessage> CallAsync(byte[] body, string path = EchoPath, params (string, string)[] headers) =>
        _http.SendAsync(RawCall.Request(_server.Address, path, body, headers: headers));

    /// <summary>Its timers fire as soon as they are set, before whoever sets them goes on.</summary>
    private sealed class ImpatientTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new ImpatientTimer(callback, state, dueTime);

        private sealed class ImpatientTimer : ITimer
        {
            private readonly TimerCallback _callback;
            private readonly object? _state;

            public ImpatientTimer(TimerCallback callback, object? state, TimeSpan dueTime)
            {
                _callback = callback;
                _state = state;
                Change(dueTime, Timeout.InfiniteTimeSpan);
            }

            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    _callback(_state);
                }

                return true;
            }

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
