using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Batching.Security.Tests.Infrastructure;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;

namespace Batching.Security.Tests.Hostile;

/// <summary>The other side of the table: what looks odd but means no harm arrives byte for byte.</summary>
public sealed partial class OddRequestTests : IAsyncLifetime
{
    private static readonly (string Path, string Target)[] Paths =
    [
        ("/", "/"), ("/x", "/x"), ("/x/", "/x/"), ("/x?", "/x?"), ("/x??a", "/x??a"), ("/x?a&b=&=c&&", "/x?a&b=&=c&&"),
        ("/...", "/..."), ("/..x/.y/z..", "/..x/.y/z.."), ("/.well-known/x", "/.well-known/x"), ("/a.b/c", "/a.b/c"),
        ("/a%20b", "/a%20b"), ("/a%2Fb", "/a%2Fb"), ("/a%2fb", "/a%2fb"), ("/a%252Fb", "/a%252Fb"), ("/100%25", "/100%25"),
        ("/50%2525off", "/50%2525off"), ("/%41%7e%2D", "/%41%7e%2D"), ("/what%3Fif", "/what%3Fif"), ("/c%23", "/c%23"), ("/a/%20/b", "/a/%20/b"),
        ("/cars;color=red/doors", "/cars;color=red/doors"), ("/cars;a=..", "/cars;a=.."), ("/cars/;v=1", "/cars/;v=1"),
        ("/@user", "/@user"), ("/users/a@b.example", "/users/a@b.example"), ("/a:b", "/a:b"), ("/items:search", "/items:search"),
        ("/x:80/y", "/x:80/y"), ("/javascript:alert(1)", "/javascript:alert(1)"), ("/(a)'b'!*,+$&=~_-", "/(a)'b'!*,+$&=~_-"),
        ("/{x}|^`<>\"", "/{x}|^`<>\""), ("/[x]", "/[x]"), ("/größe", "/gr%C3%B6%C3%9Fe"), ("/gr%C3%B6%C3%9Fe", "/gr%C3%B6%C3%9Fe"),
        ("/gr%c3%b6%c3%9fe", "/gr%c3%b6%c3%9fe"), ("/你好?q=ü", "/%E4%BD%A0%E5%A5%BD?q=%C3%BC"), ("/😀", "/%F0%9F%98%80"), ("/e\u0301", "/e%CC%81"),
        ("/．．/x", "/%EF%BC%8E%EF%BC%8E/x"), ("/a／b", "/a%EF%BC%8Fb"), ("/ａｐｉ/v0/batch", "/%EF%BD%81%EF%BD%90%EF%BD%89/v0/batch"),
        ("/x?to=http://elsewhere.test/", "/x?to=http://elsewhere.test/"), ("/x?to=//elsewhere.test/../y", "/x?to=//elsewhere.test/../y"),
        ("/x?q=%5C%00%0D%0A", "/x?q=%5C%00%0D%0A"), ("/x?q=%2e%2E", "/x?q=%2e%2E"), ("/x?q=%FF", "/x?q=%FF"), ("/x?q=a+b%20c", "/x?q=a+b%20c"),
        ("/x?q=%7B%7D{}", "/x?q=%7B%7D{}"), ("/x?path=/api/v0/batch", "/x?path=/api/v0/batch"), ("/api/v0/batches", "/api/v0/batches"),
        ("/api/v1/batch", "/api/v1/batch"), ("/api/batch", "/api/batch"), ("/x/api/v0/batch", "/x/api/v0/batch"), ("/batch", "/batch"),
        ("/x/batch.v1.BatchService/CreateBatch", "/x/batch.v1.BatchService/CreateBatch"), ("/*", "/*"),
    ];

    private static readonly (string Name, string FieldValue)[] Headers =
    [
        ("X-A", ""), ("X-A", "a, b;c=\"d\"\tend"), ("X-Name", "José 你好 😀"), ("!#$%&'*+-.^_`|~0aZ", "token"), ("x_under_score", "1"),
        ("Accept", "text/html;q=0.5, */*"), ("Accept-Encoding", "gzip;q=0"), ("Cookie", "a=1; b=2"), ("If-Modified-Since", "yesterday, perhaps"),
        ("Range", "bytes=0-1,5-"), ("Origin", "null"), ("Referer", "http://elsewhere.test/#x"), ("Date", "no date"), ("From", "nobody"),
        ("Content-Type", "text/plain; charset=none"), ("Content-Encoding", "x-own"), ("Content-Language", "de"), ("Expires", "never"),
        ("Last-Modified", "-"), ("User-Agent", "mine (odd"), ("X-HTTP-Methods", "a name like another"), ("X-Forward-For", "a name like another"),
        ("ForwardedX", "1"), ("ProxyX", "1"), ("Hosts", "1"), ("Warning", "x"), ("Max-Forwards", "0"), ("Cache-Control", "=="),
    ];

    private RawRecorder _api = null!;
    private Gateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _api = RawRecorder.Start();
        _gateway = await Gateway.StartAsync(_api.Address, "--AllowedHosts=*");
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Theory]
    [InlineData("v0")]
    [InlineData("v2")]
    [InlineData("CreateBatch")]
    [InlineData("RunBatch")]
    public async Task Submit_OddRequests_ArriveByteForByte(string way)
    {
        var requests = Paths.Select(path => new Request { Path = path.Path })
            .Concat(Headers.Select(header => new Request { Path = "/h", Headers = { [header.Name] = header.FieldValue } }))
            .ToArray();

        await SubmitAsync(way, requests);

        var expected = Paths.Select(path => Expected(path.Target, null)).Concat(Headers.Select(header => Expected("/h", header)));
        Assert.Equal(
            expected.Order(StringComparer.Ordinal),
            _api.Requests.Select(Normalized).Order(StringComparer.Ordinal));
    }

    // Nothing that a caller says of the gateway's own host matters to where its requests go, or to what they say of it.
    [Fact]
    public async Task Submit_CallForAnotherHost_GoesToTheUpstreamAndTellsTheTruePeer()
    {
        using var content = new StringContent("""{"a": "/x"}""");
        var reply = await _gateway.Rest.SendAsync(HttpMethod.Post, "/api/v2/batch", content, headers =>
        {
            headers.Host = "elsewhere.test";
            headers.TryAddWithoutValidation("X-Forwarded-Host", "elsewhere.test");
            headers.TryAddWithoutValidation("X-Forwarded-For", "6.6.6.6");
            headers.TryAddWithoutValidation("Forwarded", "for=6.6.6.6;host=elsewhere.test");
            headers.TryAddWithoutValidation("X-Original-URL", "/y");
            headers.TryAddWithoutValidation("Connection", "X-Secret");
            headers.TryAddWithoutValidation("X-Secret", "1");
        });
        reply.Success();
        using var channel = GrpcChannel.ForAddress(_gateway.Address);
        await new KeyedBatchService.KeyedBatchServiceClient(channel).RunBatchAsync(
            new RunBatchRequest { Calls = { new KeyedRequest { Key = "a", Request = new Request { Path = "/x" } } } },
            new Metadata { { "host", "elsewhere.test" }, { "x-forwarded-for", "6.6.6.6" } });

        Assert.Equal(Enumerable.Repeat(Expected("/x", null), 2), _api.Requests.Select(Normalized));
    }

    // A proxy that is trusted says who its client is, and its client may say what it likes.
    [Theory]
    [InlineData("127.0.0.0/8", "9.9.9.9, 6.6.6.6", "6.6.6.6")]
    [InlineData("127.0.0.1", "9.9.9.9, 2001:db8::1", "2001:db8::1")]
    [InlineData("127.0.0.1", "6.6.6.6, 127.0.0.1", "6.6.6.6")]
    [InlineData("127.0.0.1", "nobody", "127.0.0.1")]
    [InlineData("10.0.0.0/8", "6.6.6.6", "127.0.0.1")]
    public async Task Submit_ThroughAProxy_TellsItsClientIfItIsTrusted(string proxies, string forwardedFor, string expected)
    {
        await using var gateway = await Gateway.StartAsync(_api.Address, $"--Batch:TrustedProxies:0={proxies}");
        using var content = new StringContent("""{"a": "/x"}""");
        (await gateway.Rest.SendAsync(HttpMethod.Post, "/api/v2/batch", content, headers =>
            headers.TryAddWithoutValidation("X-Forwarded-For", forwardedFor))).Success();

        Assert.Contains($"\r\nX-Forwarded-For: {expected}\r\n", Assert.Single(_api.Requests), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_TraceOfTheCaller_GoesOnInEveryRequest()
    {
        using var content = new StringContent("""[{"path": "/a"}, {"path": "/b"}]""");
        (await _gateway.Rest.SendAsync(HttpMethod.Post, RestClient.BatchPath, content, headers =>
            headers.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))).Success();
        await Eventually.BeTrueAsync(() => _api.Requests.Count == 2, "both requests have arrived");

        var spans = _api.Requests
            .Select(request => Regex.Match(request, "\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-([0-9a-f]{16})-01\r\n"))
            .ToArray();
        Assert.All(spans, span => Assert.True(span.Success));
        Assert.Equal(2, spans.Select(span => span.Groups[1].Value).Except(["b7ad6b7169203331"]).Count());
    }

    private async Task SubmitAsync(string way, IReadOnlyList<Request> requests)
    {
        using var channel = GrpcChannel.ForAddress(_gateway.Address);
        switch (way)
        {
            case "v0":
                var batch = await _gateway.Rest.SubmitAsync(new JsonArray([.. requests.Select(Dialect.ToV0)]).ToJsonString());
                await _gateway.Rest.WaitUntilDoneAsync(batch.Id);
                break;
            case "v2":
                var json = new JsonObject(requests.Select((request, i) =>
                    KeyValuePair.Create<string, JsonNode?>(i.ToString(CultureInfo.InvariantCulture), Dialect.ToV2(request))));
                (await _gateway.Rest.PostAsync(json.ToJsonString(), "/api/v2/batch")).Success();
                break;
            case "CreateBatch":
                var created = await _gateway.Grpc.CreateBatchAsync(new CreateBatchRequest { Requests = { requests } });
                await _gateway.Rest.WaitUntilDoneAsync(created.Batch.Id);
                break;
            default:
                var calls = requests.Select((request, i) =>
                    new KeyedRequest { Key = i.ToString(CultureInfo.InvariantCulture), Request = request });
                await new KeyedBatchService.KeyedBatchServiceClient(channel).RunBatchAsync(new RunBatchRequest { Calls = { calls } });
                break;
        }
    }

    // The whole head, its fields in one order: HttpClient has an order of its own.
    private string Expected(string target, (string Name, string FieldValue)? header)
    {
        var fields = new List<string> { $"Host: {_api.Authority}", "X-Forwarded-For: 127.0.0.1", "traceparent: *" };
        if (header?.Name != "User-Agent")
        {
            fields.Add("User-Agent: Batch");
        }

        if (header?.Name != "Accept")
        {
            fields.Add("Accept: application/json, */*;q=0.8");
        }

        if (header is { } field)
        {
            fields.Add($"{field.Name}: {Latin1Of(field.FieldValue)}");
            if (field.Name is "Expires" or "Last-Modified" || field.Name.StartsWith("Content-", StringComparison.Ordinal))
            {
                fields.Add("Content-Length: 0");
            }
        }

        return $"GET {target} HTTP/1.1\n" + string.Join('\n', fields.Order(StringComparer.Ordinal));
    }

    private static string Normalized(string request)
    {
        var lines = TraceParent().Replace(request, "traceparent: *").Split("\r\n");
        Assert.Equal(["", ""], lines[^2..]);
        return lines[0] + "\n" + string.Join('\n', lines[1..^2].Order(StringComparer.Ordinal));
    }

    private static string Latin1Of(string text) => System.Text.Encoding.Latin1.GetString(System.Text.Encoding.UTF8.GetBytes(text));

    [GeneratedRegex("traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-01")]
    private static partial Regex TraceParent();
}
