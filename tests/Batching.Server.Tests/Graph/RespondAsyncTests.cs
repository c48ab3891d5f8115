using System.Net;
using System.Text;
using System.Text.Json;
using Batching.Server.Tests.Infrastructure;
using Batching.Server.Tests.Keyed;

namespace Batching.Server.Tests.Graph;

/// <summary>Batches whose clients do not wait: <c>Prefer: respond-async</c> and what comes of it.</summary>
public sealed class RespondAsyncTests : IAsyncLifetime, IDisposable
{
    private KeyedApi _api = null!;
    private Gateway _gateway = null!;
    private HttpClient _client = null!;

    public async Task InitializeAsync()
    {
        _api = await KeyedApi.StartAsync();
        _api.Map("/v1.0/json", 200, "application/json", """{"id":12345678901234567890,  "x":1.50}""")
            .Map("/v1.0/none", 400, "application/json", """{"error":{}}""");
        _gateway = await Gateway.StartAsync(
            "",
            $"--Batch:Upstreams:0:BaseAddress={_api.Address}",
            "--Batch:Dialects:Graph:Enabled=true",
            "--Batch:Limits:KeyBytes=20");
        _client = new HttpClient { BaseAddress = new Uri(_gateway.Address) };
    }

    public void Dispose() => _client.Dispose();

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task Post_Slow_IsAcceptedAndAnsweredWhenItIsDone()
    {
        _api.Map("/v1.0/late", context => KeyedApi.AnswerAsync(context, 200, "text/plain", "späte"u8.ToArray()));
        using var release = new SemaphoreSlim(0);
        _api.Map("/v1.0/slow", async context =>
        {
            await release.WaitAsync(context.RequestAborted);
            await KeyedApi.AnswerAsync(context, 200, "application/json", "1"u8.ToArray());
        });
        using var accepted = await PostAsync(
            """
            {"requests": [
              {"id": "1", "method": "GET", "url": "/slow"},
              {"id": "2", "method": "GET", "url": "/json"},
              {"id": "3", "method": "GET", "url": "/late", "dependsOn": ["1"]},
              {"id": "4", "method": "GET", "url": "/none", "dependsOn": ["2"]},
              {"id": "5", "method": "GET", "url": "/late", "dependsOn": ["4"]}]}
            """);
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        Assert.Equal("respond-async", Assert.Single(accepted.Headers.GetValues("Preference-Applied")));
        Assert.Equal("", await accepted.Content.ReadAsStringAsync());
        var place = accepted.Headers.Location!;
        Assert.StartsWith("/v1.0/$batch/", place.ToString(), StringComparison.Ordinal);

        using (var waiting = await _client.GetAsync(place))
        {
            Assert.Equal(HttpStatusCode.Accepted, waiting.StatusCode);
            Assert.Equal(place, waiting.Headers.Location);
            Assert.NotNull(waiting.Headers.RetryAfter?.Delta);
            Assert.False(waiting.Headers.Contains("AsyncResult"));
        }

        // It is a batch for all other paths.
        var id = place.ToString().Split('/')[^1];
        Assert.Equal([id], (await _gateway.Rest.GetAsync(RestClient.BatchPath)).Success().BatchIds);

        release.Release();
        using var done = await UntilDoneAsync(place);
        Assert.Equal("200", Assert.Single(done.Headers.GetValues("AsyncResult")));
        var responses = await ReadAsync(done);
        Assert.Equal(["1", "2", "3", "4", "5"], responses.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((200, 200, 200, 400, 424), (
            responses["1"].Status(), responses["2"].Status(), responses["3"].Status(), responses["4"].Status(), responses["5"].Status()));
        Assert.Equal("""{"id":12345678901234567890,  "x":1.50}""", responses["2"].GetProperty("body").GetRawText());
        Assert.Equal("späte", responses["3"].GetProperty("body").GetString());
        Assert.Equal("DEPENDENCY_FAILED", responses["5"].GetProperty("body").GetProperty("error").GetProperty("code").GetString());

        // As often as it is asked for.
        using var again = await _client.GetAsync(place);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Fact]
    public async Task Post_SomeThatAreNeverMade_HaveTheSameResponsesAsAtOnce()
    {
        const string Batch =
            """
            {"requests": [
              {"id": "1", "method": "POST", "url": "/grouped", "atomicityGroup": "g"},
              {"id": "2", "method": "GET", "url": "/json", "dependsOn": ["g"]},
              {"id": "3", "method": "GET", "url": "/../x"},
              {"id": "4", "method": "BREW", "url": "/json"},
              {"id": "5", "method": "POST", "url": "/json", "body": "no base64!", "headers": {"Content-Type": "text/plain"}},
              {"id": "6", "method": "GET", "url": "/json", "dependsOn": ["5"]},
              {"id": "7", "method": "GET", "url": "/json", "if": "$1/$succeeded"},
              {"id": "8", "method": "GET", "url": "/json", "headers": {"Host": "elsewhere"}},
              {"id": "9", "method": "GET", "url": "/json"}]}
            """;
        using var atOnce = await _client.PostAsync("/v1.0/$batch", new StringContent(Batch, Encoding.UTF8, "application/json"));
        using var accepted = await PostAsync(Batch);
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        using var done = await UntilDoneAsync(accepted.Headers.Location!);

        var wanted = await ReadAsync(atOnce);
        var got = await ReadAsync(done);
        Assert.Equal(9, got.Count);
        foreach (var (id, response) in wanted)
        {
            Assert.Equal(WithoutDate(response), WithoutDate(got[id]));
        }

        static string WithoutDate(JsonElement response) => KeyedReplies.WithoutDates(response.GetRawText());
    }

    [Fact]
    public async Task Post_NoneThatIsMade_IsAnsweredAtOnce()
    {
        using var reply = await PostAsync("""{"requests":[{"id":"1","method":"GET","url":"/../x"}]}""");
        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        Assert.False(reply.Headers.Contains("Preference-Applied"));
        Assert.Equal(400, (await ReadAsync(reply))["1"].Status());
        await _gateway.AssertNothingStoredAsync();
    }

    [Theory]
    [InlineData("respond-async", true)]
    [InlineData("Respond-Async; foo=bar", true)]
    [InlineData("return=minimal , respond-async,wait=10", true)]
    [InlineData("return=minimal", false)]
    [InlineData("x=respond-async", false)]
    public async Task Post_Prefer_IsReadAsTheStandardHasIt(string prefer, bool isAsync)
    {
        using var reply = await PostAsync("""{"requests":[{"id":"1","method":"GET","url":"/json"}]}""", prefer);
        Assert.Equal(isAsync ? HttpStatusCode.Accepted : HttpStatusCode.OK, reply.StatusCode);
    }

    [Fact]
    public async Task Post_IdThatIsTooLongToBeStored_IsRefused()
    {
        using var reply = await PostAsync($$"""{"requests":[{"id":"{{new string('1', 21)}}","method":"GET","url":"/json"}]}""");
        Assert.Equal(HttpStatusCode.BadRequest, reply.StatusCode);
        var error = JsonElement.Parse(await reply.Content.ReadAsStringAsync());
        Assert.Contains("Batch:Limits:KeyBytes", error.Message(), StringComparison.Ordinal);
        await _gateway.AssertNothingStoredAsync();
    }

    [Fact]
    public async Task Get_OfAnotherOwnerOrKind_IsNotThere()
    {
        using var accepted = await PostAsync("""{"requests":[{"id":"1","method":"GET","url":"/json"}]}""");
        using var stranger = _gateway.RestAs("Bearer somebody-else");
        var foreign = await stranger.GetAsync(accepted.Headers.Location!.ToString());
        var unknown = await _gateway.Rest.GetAsync("/v1.0/$batch/1234567890123456");
        Assert.Equal((404, 404), (foreign.Status, unknown.Status));
        Assert.Equal(foreign.Text, unknown.Text);
        Assert.NotEmpty(unknown.Json.Message()!);

        var other = await _gateway.Rest.SubmitPathsAsync("v1.0/json");
        Assert.Equal(404, (await _gateway.Rest.GetAsync($"/v1.0/$batch/{other.Id}")).Status);
        Assert.Equal(404, (await _gateway.Rest.SendAsync(HttpMethod.Delete, $"/v1.0/$batch/{other.Id}")).Status);
    }

    [Fact]
    public async Task Delete_WhileItRuns_CancelsIt()
    {
        _api.Map("/v1.0/held", async context => await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing));
        using var accepted = await PostAsync("""{"requests":[{"id":"1","method":"GET","url":"/held"}]}""");
        using var deleted = await _client.DeleteAsync(accepted.Headers.Location);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        using var gone = await _client.GetAsync(accepted.Headers.Location);
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        await _gateway.AssertNothingStoredAsync();
    }

    [Fact]
    public async Task Get_ResponsesDeleted_IsNotThere()
    {
        await using var gateway = await Gateway.StartAsync(
            "",
            $"--Batch:Upstreams:0:BaseAddress={_api.Address}",
            "--Batch:Dialects:Graph:Enabled=true",
            "--Batch:Retention:Responses=00:00:01");
        var accepted = await gateway.Rest.SendAsync(
            HttpMethod.Post,
            "/v1.0/$batch",
            new StringContent("""{"requests":[{"id":"1","method":"GET","url":"/json"}]}"""),
            headers => headers.Add("Prefer", "respond-async"));
        Assert.Equal(202, accepted.Status);
        RestReply? reply = null;
        await Eventually.BeTrueAsync(
            async () => (reply = await gateway.Rest.GetAsync(accepted.Headers.Location!.ToString())).Status == 404,
            "the end of the responses");
        Assert.Contains("deleted", reply!.Json.Message(), StringComparison.Ordinal);
    }

    private async Task<HttpResponseMessage> PostAsync(string batch, string prefer = "respond-async")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1.0/$batch")
        {
            Content = new StringContent(batch, Encoding.UTF8, "application/json"),
        };
        request.Headers.TryAddWithoutValidation("Prefer", prefer);
        return await _client.SendAsync(request);
    }

    private async Task<HttpResponseMessage> UntilDoneAsync(Uri place)
    {
        HttpResponseMessage? reply = null;
        await Eventually.BeTrueAsync(
            async () =>
            {
                reply?.Dispose();
                reply = await _client.GetAsync(place);
                return reply.StatusCode != HttpStatusCode.Accepted;
            },
            $"the reply of {place}");
        Assert.Equal(HttpStatusCode.OK, reply!.StatusCode);
        return reply;
    }

    private static async Task<Dictionary<string, JsonElement>> ReadAsync(HttpResponseMessage reply) =>
        JsonElement.Parse(await reply.Content.ReadAsStringAsync()).GetProperty("responses").EnumerateArray()
            .ToDictionary(response => response.GetProperty("id").GetString()!);
}
