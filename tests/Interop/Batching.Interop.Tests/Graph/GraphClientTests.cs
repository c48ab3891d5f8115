using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Graph;
using Microsoft.Graph.Core.Requests;
using Microsoft.Kiota.Abstractions;

namespace Batching.Interop.Tests.Graph;

/// <summary>The batch client of Microsoft Graph, <c>Microsoft.Graph.Core</c> 4.0.1, as it is.</summary>
public sealed class GraphClientTests : IAsyncLifetime, IDisposable
{
    private const int Requests = 45;
    private const int RequestsPerPost = 20;

    private static readonly string[] Chain = ["1", "2", "3", "4", "5"];
    private static readonly byte[] Binary = [.. Enumerable.Range(0, 256).Select(value => (byte)value)];

    private TestApi _api = null!;
    private GraphGateway _gateway = null!;
    private HttpClient _http = null!;
    private BaseGraphRequestAdapter _adapter = null!;
    private BatchRequestBuilder _batches = null!;

    public async Task InitializeAsync()
    {
        _api = await TestApi.StartAsync(AnswerAsync);
        _gateway = new GraphGateway(_api.Address);
        var address = $"http://{await _gateway.AddressAsync()}/v1.0";
        _http = GraphClientFactory.Create();
        _adapter = new BaseGraphRequestAdapter(new FixedToken(), httpClient: _http) { BaseUrl = address };
        _batches = new BatchRequestBuilder(_adapter);
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _api.DisposeAsync();
    }

    public void Dispose()
    {
        _adapter.Dispose();
        _http.Dispose();
        _gateway.Dispose();
    }

    [Fact]
    public async Task PostAsync_45Requests_EachHasItsResponse()
    {
        var batch = new BatchRequestContentCollection(_adapter, RequestsPerPost);
        var ids = new List<string>();
        for (var i = 0; i < Requests; i++)
        {
            ids.Add(await batch.AddBatchRequestStepAsync(Get($"users/{i}?$select=id")));
        }

        var reply = await _batches.PostAsync(batch);
        Assert.NotNull(reply);
        var statuses = await reply.GetResponsesStatusCodesAsync();
        Assert.Equal(Requests, statuses.Count);
        Assert.All(statuses.Values, status => Assert.Equal(HttpStatusCode.OK, status));
        for (var i = 0; i < Requests; i++)
        {
            using var response = await reply.GetResponseByIdAsync(ids[i]);
            var seen = await response.Content.ReadFromJsonAsync<JsonElement>();
            Assert.Equal($"/v1.0/users/{i}?$select=id", seen.GetProperty("target").GetString());
            Assert.Equal(FixedToken.Value, seen.GetProperty("authorization").GetString());
        }
    }

    [Fact]
    public async Task PostAsync_BodiesOfAllKinds_ArriveAndComeBack()
    {
        var batch = new BatchRequestContentCollection(_adapter, RequestsPerPost);
        var json = batch.AddBatchRequestStep(Message("json", new StringContent("""{"a":[1.50,"é"]}""", Encoding.UTF8, "application/json")));
        var binary = batch.AddBatchRequestStep(Message("binary", new ByteArrayContent(Binary), "application/octet-stream"));
        var text = batch.AddBatchRequestStep(Message("text", new StringContent("test", Encoding.UTF8, "text/plain")));
        var vendor = batch.AddBatchRequestStep(Message("vendor", new StringContent("[1]", Encoding.UTF8, "application/vnd.x+json")));
        var image = await batch.AddBatchRequestStepAsync(Get("image"));
        var note = await batch.AddBatchRequestStepAsync(Get("note"));
        var nothing = await batch.AddBatchRequestStepAsync(Get("nothing"));

        var reply = await _batches.PostAsync(batch);

        // The client escapes letters beyond ASCII; what it sends arrives digit for digit.
        Assert.Equal("""{"a":[1.50,"\u00E9"]}""", Encoding.UTF8.GetString(await SentAsync(reply, json)));
        Assert.Equal(Binary, await SentAsync(reply, binary));
        Assert.Equal("test", Encoding.UTF8.GetString(await SentAsync(reply, text)));
        Assert.Equal("[1]", Encoding.UTF8.GetString(await SentAsync(reply, vendor)));

        using var picture = await reply.GetResponseByIdAsync(image);
        Assert.Equal("image/png", picture.Content.Headers.ContentType?.MediaType);
        Assert.Equal(Binary, Convert.FromBase64String(await picture.Content.ReadAsStringAsync()));
        using var plain = await reply.GetResponseByIdAsync(note);
        Assert.Equal("a \"note\"", await plain.Content.ReadAsStringAsync());
        using var empty = await reply.GetResponseByIdAsync(nothing);
        Assert.Equal(HttpStatusCode.NoContent, empty.StatusCode);
    }

    [Fact]
    public async Task PostAsync_Dependencies_RunInOrderOrFail()
    {
        var batch = new BatchRequestContentCollection(_adapter, RequestsPerPost);
        batch.AddBatchRequestStep(new BatchRequestStep("1", Message("first")));
        batch.AddBatchRequestStep(new BatchRequestStep("2", Message("second"), ["1"]));
        batch.AddBatchRequestStep(new BatchRequestStep("3", Message("broken"), ["2"]));
        batch.AddBatchRequestStep(new BatchRequestStep("4", Message("never"), ["3"]));
        batch.AddBatchRequestStep(new BatchRequestStep("5", Message("never"), ["4"]));

        var reply = await _batches.PostAsync(batch);
        var statuses = await reply.GetResponsesStatusCodesAsync();
        Assert.Equal(
            [200, 200, 500, 424, 424], Chain.Select(id => (int)statuses[id]));
        Assert.Equal(
            ["/v1.0/first", "/v1.0/second", "/v1.0/broken"],
            _api.Requests.Select(request => request.Target).Distinct());

        // What failed can be tried again: a batch of the three.
        Assert.Equal(3, batch.NewBatchWithFailedRequests(statuses).BatchRequestSteps.Count);
    }

    [Fact]
    public async Task PostAsync_ApiThatIsBusy_IsAnItemWithRetryAfter()
    {
        var batch = new BatchRequestContentCollection(_adapter, RequestsPerPost);
        var busy = await batch.AddBatchRequestStepAsync(Get("busy"));
        var other = await batch.AddBatchRequestStepAsync(Get("other"));

        var reply = await _batches.PostAsync(batch);
        using var response = await reply.GetResponseByIdAsync(busy);
        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(120), response.Headers.RetryAfter?.Delta);
        var again = batch.NewBatchWithFailedRequests(await reply.GetResponsesStatusCodesAsync());
        Assert.Single(again.BatchRequestSteps);
        Assert.Equal(HttpStatusCode.OK, (await reply.GetResponsesStatusCodesAsync())[other]);
    }

    [Theory]
    [InlineData("drive/%C3%A9t%C3%A9?q=a%20b", "/v1.0/drive/%C3%A9t%C3%A9?q=a%20b")]
    [InlineData("people?$filter=name%20eq%20'a%20b'", "/v1.0/people?$filter=name%20eq%20'a%20b'")]
    [InlineData("people?$filter=startswith(name,'%E2%82%AC')", "/v1.0/people?$filter=startswith(name,'%E2%82%AC')")]
    [InlineData("items?tag=%23one&share=100%25", "/v1.0/items?tag=%23one&share=100%25")]
    [InlineData("items('a|b')?x=%22%3C%3E%22", "/v1.0/items('a%7Cb')?x=%22%3C%3E%22")]
    public async Task PostAsync_OddUrl_ReachesTheApiEncoded(string url, string target)
    {
        var batch = new BatchRequestContentCollection(_adapter, RequestsPerPost);
        var id = await batch.AddBatchRequestStepAsync(Get(url));

        var reply = await _batches.PostAsync(batch);
        using var response = await reply.GetResponseByIdAsync(id);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(target, Assert.Single(_api.Requests).Target);
    }

    private static async Task<byte[]> SentAsync(BatchResponseContentCollection reply, string id)
    {
        using var response = await reply.GetResponseByIdAsync(id);
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("body").GetBytesFromBase64();
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        switch (context.Request.Path.Value)
        {
            case "/v1.0/busy":
                context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
                context.Response.Headers.RetryAfter = "120";
                await TestApi.JsonAsync(context, """{"error":{"code":"TooManyRequests","message":"Later."}}""");
                break;
            case "/v1.0/broken":
                context.Response.StatusCode = StatusCodes.Status500InternalServerError;
                break;
            case "/v1.0/image":
                await TestApi.BytesAsync(context, "image/png", Binary);
                break;
            case "/v1.0/note":
                await TestApi.BytesAsync(context, "text/plain; charset=utf-8", "a \"note\""u8.ToArray());
                break;
            case "/v1.0/nothing":
                context.Response.StatusCode = StatusCodes.Status204NoContent;
                break;
            default:
                using (var body = new MemoryStream())
                {
                    await context.Request.Body.CopyToAsync(body);
                    await context.Response.WriteAsJsonAsync(new
                    {
                        target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget,
                        authorization = context.Request.Headers.Authorization.ToString(),
                        body = body.ToArray(),
                    });
                }

                break;
        }
    }

    private RequestInformation Get(string url) => new() { HttpMethod = Method.GET, URI = UriOf(url) };

    private HttpRequestMessage Message(string url, HttpContent? content = null, string? type = null)
    {
        if (type is not null)
        {
            content!.Headers.ContentType = new MediaTypeHeaderValue(type);
        }

        return new HttpRequestMessage(content is null ? HttpMethod.Get : HttpMethod.Post, UriOf(url)) { Content = content };
    }

    private Uri UriOf(string url) => new($"{_adapter.BaseUrl}/{url}");
}
