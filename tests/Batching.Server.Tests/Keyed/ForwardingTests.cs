using System.Net;
using System.Text;

namespace Batching.Server.Tests.Keyed;

/// <summary>What the API gets of a call.</summary>
[Collection(SharedKeyedGateway.Name)]
public sealed class ForwardingTests(KeyedFixture fixture)
{
    [Theory]
    [InlineData("payload")]
    [InlineData("data")]
    public async Task Post_Body_IsSentAsItIs(string property)
    {
        foreach (var json in new[] { """{"a": 1.50,  "b":[12345678901234567890]}""", "[1]", "\"text\"", "5", "false" })
        {
            var path = $"/body/{Guid.NewGuid()}";
            await fixture.Gateway.PostAsync($$$"""{"a": {"method": "put", "url": "{{{path}}}", "{{{property}}}": {{{json}}}}}""");

            var call = Assert.Single(fixture.Api.Calls, call => call.Target == path);
            Assert.Equal("PUT", call.Method);
            Assert.Equal(json, call.Text);
            Assert.Equal("application/json", call.Headers["Content-Type"]);
        }
    }

    [Fact]
    public async Task Post_ParamsAndHeaders_AreSent()
    {
        await fixture.Gateway.PostAsync(
            """
            {"a": {"url": "forward?page=2", "params": {"count": 10, "on": true, "ids": [1, 2], "none": null},
                   "headers": {"X-Trace": "1", "Accept": "application/json", "Content-Type": "application/json"}}}
            """);

        var call = Assert.Single(fixture.Api.Calls, call => call.Target.StartsWith("/api/v2/forward", StringComparison.Ordinal));
        Assert.Equal("/api/v2/forward?page=2&count=10&on=true&ids=1&ids=2", call.Target);
        Assert.Equal("1", call.Headers["X-Trace"]);
        Assert.Equal("application/json", call.Headers["Accept"]);
        Assert.Equal("", call.Text);
    }

    [Fact]
    public async Task Post_Credential_IsSentWithEachCall()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, KeyedGateway.BatchPath)
        {
            Content = new StringContent("""{"a": "/credential/1", "b": "/credential/2"}""", Encoding.UTF8),
        };
        request.Headers.TryAddWithoutValidation("Authorization", "key 2:ABC");
        using var response = await fixture.Gateway.Client.SendAsync(request);

        var calls = fixture.Api.Calls.Where(call => call.Target.StartsWith("/credential/", StringComparison.Ordinal));
        Assert.Equal(["key 2:ABC", "key 2:ABC"], calls.Select(call => call.Headers["Authorization"]));
    }

    [Fact]
    public async Task Get_BearerTokenInTheQuery_IsTheCredential()
    {
        await fixture.Gateway.GetAsync("?bearer_token=T1&get[a]=/bearer");

        var call = Assert.Single(fixture.Api.Calls, call => call.Target == "/bearer");
        Assert.Equal("Bearer T1", call.Headers["Authorization"]);
    }

    [Theory]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("text/plain")]
    [InlineData(null)]
    public async Task Post_AnyContentType_IsReadAsJson(string? contentType)
    {
        var content = new ByteArrayContent("""{"a": "/text"}"""u8.ToArray());
        content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        using var response = await fixture.Gateway.Client.PostAsync(KeyedGateway.BatchPath + "/", content);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(200, KeyedReplies.Parse(await response.Content.ReadAsStringAsync()).GetProperty("a").Status());
    }
}
