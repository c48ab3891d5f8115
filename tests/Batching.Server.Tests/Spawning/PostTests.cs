using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Batching.Server.Tests.Spawning;

/// <summary>Queries whose pages are asked for in another way than by the address.</summary>
[Collection(SharedSpawningGateway.Name)]
public sealed class PostTests(SpawningFixture fixture)
{
    [Fact]
    public async Task Cursor_InTheBody_LeavesTheRestOfItAndIsTriedAgain()
    {
        var bodies = new List<string>();
        var failures = 0;
        var path = fixture.Api.Serve(async context =>
        {
            Assert.Equal("POST", context.Request.Method);
            using var reader = new StreamReader(context.Request.Body);
            var body = await reader.ReadToEndAsync();
            using var json = JsonDocument.Parse(body);
            var after = json.RootElement.TryGetProperty("after", out var cursor) ? cursor.GetInt32() : 0;
            if (after == 2 && Interlocked.Increment(ref failures) == 1)
            {
                context.Response.StatusCode = 503;
                return;
            }

            bodies.Add(body);
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(after < 4
                ? $$"""{"items": [{{after}}, {{after + 1}}], "next_after": {{after + 2}}}"""
                : """{"items": []}""");
        });

        var pages = await fixture.Rest.RunAsync(
            $$"""
            {"path": "{{path}}", "method": "POST", "spawner": true, "body": {"size": 1.50, "q": "ü"},
             "pagination": {"cursor_pointer": "/next_after", "cursor_target": "body", "cursor_body_pointer": "/after", "safe": true} }
            """);

        Assert.Equal([200, 200, 200], pages.Select(page => page.GetProperty("responseStatusCode").GetInt32()));
        Assert.Equal(
            ["""{"size": 1.50, "q": "ü"}""", """{"size": 1.50, "q": "ü","after":2}""", """{"size": 1.50, "q": "ü","after":4}"""], bodies);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Ranges_Walked_FindEveryItem(bool tellsTotal)
    {
        var path = fixture.Api.Serve(context =>
        {
            var range = context.Request.Headers.Range.ToString()["items=".Length..].Split('-');
            var first = int.Parse(range[0], CultureInfo.InvariantCulture);
            var end = Math.Min(250, int.Parse(range[1], CultureInfo.InvariantCulture) + 1);
            context.Response.StatusCode = 206;
            context.Response.ContentType = "application/json";
            context.Response.Headers.ContentRange = $"items {first}-{end - 1}/{(tellsTotal ? "250" : "*")}";
            return context.Response.WriteAsync($"[{string.Join(',', Enumerable.Range(first, Math.Max(0, end - first)))}]");
        });

        var pages = await fixture.Rest.RunAsync(SpawnerJson.Of(path, "range"));

        Assert.All(pages, page => Assert.Equal(206, page.GetProperty("responseStatusCode").GetInt32()));
        Assert.Equal(
            Enumerable.Range(0, 250),
            pages.SelectMany(page => page.GetProperty("response").EnumerateArray().Select(item => item.GetInt32())).Order());
        Assert.Equal(3, pages.Count);
    }
}
