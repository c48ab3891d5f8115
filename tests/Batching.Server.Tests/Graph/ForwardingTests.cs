using System.Text.Json;

namespace Batching.Server.Tests.Graph;

/// <summary>What the API gets of a request.</summary>
[Collection(SharedGraphGateway.Name)]
public sealed class ForwardingTests(GraphFixture fixture)
{
    [Theory]
    [InlineData("/d/é/x?q=a b&c", "/d/%C3%A9/x?q=a%20b&c")]
    [InlineData("users?$filter=name eq 'a b'", "/users?$filter=name%20eq%20'a%20b'")]
    [InlineData("?$top=1", "?$top=1")]
    [InlineData("/", "/")]
    [InlineData("/a%20b?c=%41%zz", "/a%20b?c=%41%25zz")]
    [InlineData("/q?x=1%", "/q?x=1%25")]
    [InlineData("/q?x=\"<>|^`{}\\#\t", "/q?x=%22%3C%3E%7C%5E%60%7B%7D%5C%23%09")]
    [InlineData("/q?x=[a]&y=+&z=://", "/q?x=[a]&y=+&z=://")]
    public async Task Post_Url_IsEncodedAgain(string url, string target)
    {
        var id = Guid.NewGuid().ToString();
        await fixture.Gateway.RunAsync(
            $$$"""{"id":"1","method":"GET","url":{{{JsonSerializer.Serialize(url)}}},"headers":{"X-Id":"{{{id}}}"}}""");

        Assert.Equal(
            $"/v1.0{target}", Assert.Single(fixture.Api.Calls, call => call.Headers.GetValueOrDefault("X-Id") == id).Target);
    }

    [Theory]
    [InlineData("application/json", """{"a": 1.50,  "b":[12345678901234567890]}""", """{"a": 1.50,  "b":[12345678901234567890]}""")]
    [InlineData("application/json; charset=utf-8", "\"text\"", "\"text\"")]
    [InlineData("APPLICATION/JSON;odata.metadata=minimal", "[1]", "[1]")]
    [InlineData(null, "5", "5")]
    [InlineData("application/vnd.x+json", "\"WzFd\"", "[1]")]
    [InlineData("application/vnd.x+json", "[ 1]", "[ 1]")]
    [InlineData("text/plain", "\"dGVzdA==\"", "test")]
    [InlineData("text/plain", "\"dGVzdA\"", "test")]
    [InlineData("text/plain", "\"w6k_\"", "é?")]
    [InlineData("text/plain", "\"w6k\\u002f\"", "é?")]
    [InlineData("application/json", "null", "")]
    public async Task Post_Body_IsWhatItsTypeSays(string? type, string body, string sent)
    {
        var id = Guid.NewGuid().ToString();
        var field = type is null ? "" : $"\"content-TYPE\":{JsonSerializer.Serialize(type)},";
        await fixture.Gateway.RunAsync(
            $$$"""{"id":"1","method":"PATCH","url":"/body","body":{{{body}}},"headers":{{{{field}}}"X-Id":"{{{id}}}"}}""");

        var call = Assert.Single(fixture.Api.Calls, call => call.Headers.GetValueOrDefault("X-Id") == id);
        Assert.Equal("PATCH", call.Method);
        Assert.Equal(sent, call.Text);
        Assert.Equal(
            sent.Length == 0 ? null : type ?? "application/json", sent.Length == 0 ? null : call.Headers["Content-Type"]);
    }
}
