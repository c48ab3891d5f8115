using System.Net;
using System.Text;
using System.Text.Json;

namespace Batching.SampleApi.Tests;

public sealed class CallTests(SampleApiServer server) : IClassFixture<SampleApiServer>
{
    [Fact]
    public async Task Item_Known_IsReturned()
    {
        using var response = await server.Client.GetAsync("/sample/items/7");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("""{"id":7,"name":"Item 7","changed":1767225780}""", await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("/sample/items/0")]
    [InlineData("/sample/items/25001")]
    [InlineData("/sample/items/11?total=10")]
    [InlineData("/sample/items/seven")]
    [InlineData("/sample/items/99999999999999999999")]
    [InlineData("/sample/nowhere")]
    [InlineData("/sample/")]
    public async Task Path_Unknown_Is404InJson(string path)
    {
        using var response = await server.Client.GetAsync(path);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal(404, body.GetProperty("status").GetInt32());
        Assert.NotEmpty(body.GetProperty("message").GetString()!);
    }

    [Fact]
    public async Task Create_Named_Is201AndCanBeReadButIsNoPartOfTheCollection()
    {
        using var created = await server.Client.PostAsync("/sample/items", new StringContent("""{"name": "new"}"""));
        var text = await created.Content.ReadAsStringAsync();

        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        Assert.Equal("new", JsonDocument.Parse(text).RootElement.GetProperty("name").GetString());
        using var read = await server.Client.GetAsync(created.Headers.Location);
        Assert.Equal(text, await read.Content.ReadAsStringAsync());
        var page = await server.GetJsonAsync("/sample/items?sort=-id&limit=1");
        Assert.Equal(25_000, page.GetProperty("items")[0].GetProperty("id").GetInt32());
    }

    [Theory]
    [InlineData("")]
    [InlineData("new")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"name": 1}""")]
    public async Task Create_WithoutName_Is400(string body)
    {
        using var response = await server.Client.PostAsync("/sample/items", new StringContent(body));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    [InlineData("DELETE")]
    [InlineData("OPTIONS")]
    public async Task Echo_AnyMethod_TellsTheWholeCall(string method)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "/sample/echo/a%20b?x=1&x=2&y=%C3%A9");
        request.Headers.Add("X-Trace", "7");
        request.Content = new StringContent("{\"a\": [1, 2]}", Encoding.UTF8, "application/json");
        using var response = await server.Client.SendAsync(request);
        var echo = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;

        Assert.Equal(method, echo.GetProperty("method").GetString());
        Assert.Equal("/sample/echo/a%20b", echo.GetProperty("path").GetString());
        Assert.Equal("?x=1&x=2&y=%C3%A9", echo.GetProperty("query").GetString());
        Assert.Equal(["1", "2"], echo.GetProperty("params").GetProperty("x").EnumerateArray().Select(x => x.GetString()));
        Assert.Equal("é", echo.GetProperty("params").GetProperty("y")[0].GetString());
        Assert.Equal("7", echo.GetProperty("headers").GetProperty("x-trace").GetString());
        Assert.Equal("{\"a\": [1, 2]}", echo.GetProperty("body").GetString());
        Assert.False(echo.TryGetProperty("body_encoding", out _));
    }

    [Fact]
    public async Task Echo_BinaryBody_ComesBackInBase64()
    {
        byte[] bytes = [0, 255, 254, 128];
        using var response = await server.Client.PostAsync("/sample/echo", new ByteArrayContent(bytes));
        var echo = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;

        Assert.Equal("base64", echo.GetProperty("body_encoding").GetString());
        Assert.Equal(bytes, echo.GetProperty("body").GetBytesFromBase64());
    }

    [Theory]
    [InlineData("", 500)]
    [InlineData("?status=503", 503)]
    [InlineData("?status=404", 404)]
    [InlineData("?status=200", 400)]
    [InlineData("?status=x", 400)]
    public async Task Fail_Always_AnswersTheStatus(string query, int status)
    {
        using var response = await server.Client.GetAsync("/sample/fail" + query);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Null(response.Headers.RetryAfter);
    }

    [Fact]
    public async Task Fail_NTimes_ThenWorksForThatKey()
    {
        async Task<int> CallAsync(string key)
        {
            using var response = await server.Client.PostAsync($"/sample/fail?status=503&times=2&key={key}", null);
            return (int)response.StatusCode;
        }

        Assert.Equal(503, await CallAsync("a"));
        Assert.Equal(503, await CallAsync("a"));
        Assert.Equal(503, await CallAsync("b"));
        Assert.Equal(200, await CallAsync("a"));
        Assert.Equal(200, await CallAsync("a"));
        Assert.Equal(503, await CallAsync("b"));
        Assert.Equal(200, await CallAsync("b"));
    }

    [Fact]
    public async Task Fail_RetryAfter_IsSent()
    {
        using var response = await server.Client.GetAsync("/sample/fail?status=429&retry_after=3");

        Assert.Equal(429, (int)response.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(3), response.Headers.RetryAfter?.Delta);
    }

    [Theory]
    [InlineData("/sample/slow?ms=12345", 12345)]
    [InlineData("/sample/slow", 1000)]
    [InlineData("/sample/items?delay=54321", 54321)]
    [InlineData("/sample/numbers?delay=51423", 51423)]
    public async Task Call_Delayed_WaitsAsLongAsAsked(string path, int milliseconds)
    {
        using var response = await server.Client.GetAsync(path);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains(TimeSpan.FromMilliseconds(milliseconds), server.Time.Waits);
    }

    [Fact]
    public async Task Numbers_Always_AreTheseBytes()
    {
        using var response = await server.Client.GetAsync("/sample/numbers");

        Assert.Equal("application/json", response.Content.Headers.ContentType?.ToString());
        Assert.Equal("""{"n": 12345678901234567890, "d": 1.10}""", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Image_Always_IsAPng()
    {
        using var response = await server.Client.GetAsync("/sample/image.png");
        var bytes = await response.Content.ReadAsByteArrayAsync();

        Assert.Equal("image/png", response.Content.Headers.ContentType?.ToString());
        Assert.Equal("\x89PNG\r\n\x1a\n", Encoding.Latin1.GetString(bytes, 0, 8));
        Assert.Equal("IEND", Encoding.Latin1.GetString(bytes, bytes.Length - 8, 4));
    }

    [Fact]
    public async Task Text_Always_IsUtf8()
    {
        using var response = await server.Client.GetAsync("/sample/text");

        Assert.Equal("text/plain; charset=utf-8", response.Content.Headers.ContentType?.ToString());
        Assert.Contains("日本語", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Empty_Always_Is204WithoutBody()
    {
        using var response = await server.Client.GetAsync("/sample/empty");

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData("", 1024)]
    [InlineData("?size=0", 0)]
    [InlineData("?size=1", 1)]
    [InlineData("?size=64256", 64_256)]
    [InlineData("?size=64257", 64_257)]
    [InlineData("?size=10485761", 10_485_761)]
    public async Task Bytes_Size_IsExact(string query, int size)
    {
        using var response = await server.Client.GetAsync("/sample/bytes" + query);
        var bytes = await response.Content.ReadAsByteArrayAsync();

        Assert.Equal(size, response.Content.Headers.ContentLength);
        Assert.Equal(size, bytes.Length);
        Assert.True(bytes.Index().All(b => b.Item == b.Index % 251));
    }

    [Theory]
    [InlineData("/sample/items")]
    [InlineData("/sample/items/1")]
    [InlineData("/sample/bytes")]
    [InlineData("/sample/numbers")]
    public async Task Read_Head_AnswersWithoutBody(string path)
    {
        using var response = await server.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, path));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
    }
}
