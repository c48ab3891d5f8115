using System.Net;
using Grpc.JsonTranscoding.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;

namespace Grpc.JsonTranscoding.Tests.Calls;

public sealed class StreamCallTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string End = """{"status":{"code":0,"message":"","details":[]}}""";

    [Theory]
    [InlineData("/v1/calls/stream?count=2&text=a", """{"result":{"text":"a"}}|{"result":{"text":"a","index":1}}|""" + End + "|")]
    [InlineData("/v1/calls/stream?count=2&buffer=true", """{"result":{}}|{"result":{"index":1}}|""" + End + "|")]
    [InlineData("/v1/calls/stream", End + "|")]
    [InlineData("/v1/calls/stream/texts?count=1&text=a", """{"result":"a"}|""" + End + "|")]
    [InlineData("/v1/calls/stream?count=1&fail_code=5&fail_message=no", """{"result":{}}|{"status":{"code":5,"message":"no","details":[]}}|""")]
    [InlineData("/v1/calls/stream?count=1&fail_code=5&fail_message=no&set_status=1", """{"result":{}}|{"status":{"code":5,"message":"no","details":[]}}|""")]
    public async Task Get_Stream_IsNdJson(string target, string expected)
    {
        foreach (var client in new[] { fixture.Server.Http1, fixture.Server.Http2 })
        {
            using var response = await client.GetAsync(target);

            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType!.ToString());
            Assert.Equal(expected.Replace('|', '\n'), await response.Content.ReadAsStringAsync());
        }
    }

    [Theory]
    [InlineData("text/event-stream", true)]
    [InlineData("TEXT/Event-Stream, */*;q=0.1", true)]
    [InlineData("application/x-ndjson;q=0.5, text/event-stream", true)]
    [InlineData("application/x-ndjson, text/event-stream;q=0.5", false)]
    [InlineData("text/event-stream;q=0", false)]
    [InlineData("application/json", false)]
    [InlineData("*/*", false)]
    public async Task Get_Accept_ChoosesTheFormat(string accept, bool isEventStream)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/calls/stream?count=1");
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using var response = await fixture.Server.Http1.SendAsync(request);

        var body = await response.Content.ReadAsStringAsync();
        Assert.Equal(isEventStream ? "text/event-stream" : "application/x-ndjson", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(
            isEventStream ? "data: {\"result\":{}}\n\nevent: end\ndata: " + End + "\n\n" : "{\"result\":{}}\n" + End + "\n",
            body);
    }

    [Fact]
    public async Task Get_FailsBeforeTheFirstMessage_IsAnErrorReply()
    {
        Assert.Equal(
            (404, """{"code":5,"message":"no","details":[]}"""),
            await fixture.SendAsync("GET", "/v1/calls/stream?fail_code=5&fail_message=no"));
    }

    [Fact]
    public async Task Get_HeadersBeforeTheFirstMessage_AreSent()
    {
        await using var server = await TestServer.StartAsync();
        using var response = await server.Http1.GetAsync(
            "/v1/calls/stream?headers=true&wait=true&ignore_cancellation=true",
            HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal(["one", "two"], response.Headers.GetValues("x-reply"));
        server.Probe.Release.SetResult();
        Assert.Equal(End + "\n", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Get_FailsAfterItsHeaders_EndsWithTheError()
    {
        Assert.Equal(
            (200, """{"status":{"code":5,"message":"no","details":[]}}""" + "\n"),
            await fixture.SendAsync("GET", "/v1/calls/stream?headers=true&fail_code=5&fail_message=no"));
    }

    [Fact]
    public async Task Get_Trailers_FollowOverHttp2()
    {
        using var response = await fixture.Server.Http2.GetAsync("/v1/calls/stream?count=1&trailers=true");

        await response.Content.ReadAsStringAsync();
        Assert.Equal("after", Assert.Single(response.TrailingHeaders.GetValues("x-trailer")));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Get_MessageWritten_ArrivesWhileTheHandlerRuns(int version)
    {
        await using var server = await TestServer.StartAsync();
        var client = version == 0 ? server.Http1 : server.Http2;
        using var response = await client.GetAsync(
            "/v1/calls/stream?count=2&wait=true&ignore_cancellation=true",
            HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());

        Assert.Equal("""{"result":{}}""", await reader.ReadLineAsync());
        Assert.Equal("""{"result":{"index":1}}""", await reader.ReadLineAsync());
        Assert.False(server.Probe.Ended.Task.IsCompleted);
        server.Probe.Release.SetResult();
        Assert.Equal(End, await reader.ReadLineAsync());
        Assert.Null(await reader.ReadLineAsync());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Get_ClientGoesAway_CancelsTheHandler(int version)
    {
        await using var server = await TestServer.StartAsync();
        var client = version == 0 ? server.Http1 : server.Http2;
        var response = await client.GetAsync(
            "/v1/calls/stream?count=1&wait=true", HttpCompletionOption.ResponseHeadersRead);
        response.Dispose();

        Assert.True(await server.Probe.Ended.Task.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Empty(server.Log.Entries);
    }

    [Fact]
    public async Task Get_ClientGoesAwayWhileWriting_StopsTheHandlerQuietly()
    {
        await using var server = await TestServer.StartAsync();
        var response = await server.Http1.GetAsync(
            "/v1/calls/stream?count=2147483647&size=1000", HttpCompletionOption.ResponseHeadersRead);
        response.Dispose();

        // The server stops only when no call is left.
        await server.DisposeAsync();
        Assert.Empty(server.Log.Entries);
    }

    [Fact]
    public async Task Get_DeadlinePasses_EndsWithIt()
    {
        var time = new ManualTime();
        await using var server = await TestServer.StartAsync(services: s => s.AddSingleton<TimeProvider>(time));
        using var request = new HttpRequestMessage(
            HttpMethod.Get, "/v1/calls/stream?count=1&wait=true&ignore_cancellation=true");
        request.Headers.Add("grpc-timeout", "1S");
        var call = server.Http1.SendAsync(request);
        await server.Probe.Started.Task;
        time.FireAll();
        using var response = await call;

        Assert.Equal(
            "{\"result\":{}}\n{\"status\":{\"code\":4,\"message\":\"Deadline Exceeded\",\"details\":[]}}\n",
            await response.Content.ReadAsStringAsync());
        server.Probe.Release.SetResult();
        Assert.True(await server.Probe.Ended.Task);
        Assert.Empty(server.Log.Entries);
    }

    [Fact]
    public async Task Get_FirstMessageHasNoJsonForm_IsAnErrorReply()
    {
        await using var server = await TestServer.StartAsync();
        using var response = await server.Http1.GetAsync("/v1/calls/stream?count=1&unknown_any=true");

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Equal(
            """{"code":2,"message":"Exception was thrown by handler.","details":[]}""",
            await response.Content.ReadAsStringAsync());
        Assert.Single(server.Log.Entries);
    }

    [Fact]
    public async Task Get_FailsAfterItsFirstMessage_SendsTheErrorsTrailers()
    {
        using var response = await fixture.Server.Http2.GetAsync("/v1/calls/stream?count=1&fail_code=5");

        await response.Content.ReadAsStringAsync();
        Assert.Equal("yes", Assert.Single(response.TrailingHeaders.GetValues("x-failed")));
    }

    [Fact]
    public async Task Get_MessageHasNoJsonForm_EndsWithAnError()
    {
        await using var server = await TestServer.StartAsync();
        using var response = await server.Http1.GetAsync("/v1/calls/stream?count=1&headers=true&unknown_any=true");

        Assert.Equal(
            "{\"status\":{\"code\":2,\"message\":\"Exception was thrown by handler.\",\"details\":[]}}\n",
            await response.Content.ReadAsStringAsync());
        Assert.Single(server.Log.Entries);
    }

    [Fact]
    public async Task Get_ManyMessages_ArriveInOrder()
    {
        foreach (var buffer in new[] { "true", "false" })
        {
            using var response = await fixture.Server.Http2.GetAsync(
                $"/v1/calls/stream?count=20000&buffer={buffer}&size=20", HttpCompletionOption.ResponseHeadersRead);
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
            for (var i = 0; i < 20_000; i++)
            {
                var index = i == 0 ? "" : $",\"index\":{i}";
                Assert.Equal($$$"""{"result":{"text":"xxxxxxxxxxxxxxxxxxxx"{{{index}}}}}""", await reader.ReadLineAsync());
            }

            Assert.Equal(End, await reader.ReadLineAsync());
        }
    }

    [Fact]
    public async Task Get_RawStream_GivesThePiecesAsTheyAre()
    {
        using var response = await fixture.Server.Http1.GetAsync("/v1/raw-stream/abc");

        Assert.Equal("text/plain", response.Content.Headers.ContentType!.ToString());
        Assert.Equal("a\nb\nc\n", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Get_RawStreamWithoutPieces_IsEmpty()
    {
        using var response = await fixture.Server.Http1.GetAsync("/v1/raw-stream");

        Assert.Equal("application/octet-stream", response.Content.Headers.ContentType!.ToString());
        Assert.Equal("", await response.Content.ReadAsStringAsync());
    }
}
