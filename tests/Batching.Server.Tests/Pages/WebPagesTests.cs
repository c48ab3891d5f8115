using Batching.Server.Tests.Infrastructure;

namespace Batching.Server.Tests.Pages;

/// <summary>What browsers get, as far as no browser is needed to see it. Batching.Page.Tests has one.</summary>
public sealed class WebPagesTests
{
    private const string Browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

    [Theory]
    [InlineData(null)]
    [InlineData("*/*")]
    [InlineData("application/json")]
    [InlineData("text/html;q=0, */*")]
    [InlineData("nothing at all")]
    public async Task Start_WithoutABrowser_IsAText(string? accept)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);

        var reply = await GetAsync(gateway, "/", accept);

        Assert.Equal(200, reply.Status);
        Assert.Equal("text/plain; charset=utf-8", reply.ContentHeaders.ContentType?.ToString());
        Assert.Equal("Accept", reply.Headers.Vary.Single());
    }

    [Fact]
    public async Task Pages_ForABrowser_LoadNothingFromElsewhereAndRunNothingInline()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, "--Batch:Identity:AllowAnonymous=false");

        foreach (var path in (string[])["/", "/reference"])
        {
            var reply = await GetAsync(gateway, path, Browser);

            Assert.Equal(200, reply.Status);
            Assert.Equal("text/html; charset=utf-8", reply.ContentHeaders.ContentType?.ToString());
            var policy = reply.Headers.GetValues("Content-Security-Policy").Single();
            Assert.StartsWith("default-src 'none'; script-src 'self'; style-src 'self'; ", policy, StringComparison.Ordinal);
            Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.Equal("nosniff", reply.Headers.GetValues("X-Content-Type-Options").Single());
            Assert.Equal("no-referrer", reply.Headers.GetValues("Referrer-Policy").Single());
            Assert.DoesNotContain("<style", reply.Text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("style=", reply.Text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotMatch("""<script(?![^>]*\ssrc="(page|reference)/)""", reply.Text);
            Assert.DoesNotMatch("""(src|href)="(https?:|//)""", reply.Text);
        }

        Assert.Empty(api.Requests);
    }

    [Theory]
    [InlineData("/openapi.json", "application/json")]
    [InlineData("/page/app.js", "text/javascript; charset=utf-8")]
    [InlineData("/page/page.css", "text/css; charset=utf-8")]
    [InlineData("/page/icon.svg", "image/svg+xml")]
    [InlineData("/reference/reference.js", "text/javascript; charset=utf-8")]
    [InlineData("/reference/swagger-ui.css", "text/css; charset=utf-8")]
    [InlineData("/reference/swagger-ui-bundle.js", "text/javascript; charset=utf-8")]
    public async Task File_AskedForAgain_IsNotSentAgain(string path, string type)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);

        var first = await gateway.Rest.GetAsync(path);
        var again = await gateway.Rest.SendAsync(
            HttpMethod.Get, path, addHeaders: headers => headers.IfNoneMatch.Add(first.Headers.ETag!));

        Assert.Equal(200, first.Status);
        Assert.Equal(type, first.ContentHeaders.ContentType?.ToString());
        Assert.NotEmpty(first.Text);
        Assert.Equal(304, again.Status);
    }

    [Fact]
    public async Task Pages_SwitchedOff_AreNotThere()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, "--Batch:Page=false");

        var start = await GetAsync(gateway, "/", Browser);
        Assert.Equal("text/plain; charset=utf-8", start.ContentHeaders.ContentType?.ToString());
        foreach (var path in (string[])["/reference", "/page/app.js", "/page/page.css", "/reference/swagger-ui-bundle.js"])
        {
            Assert.Equal(404, (await GetAsync(gateway, path, Browser)).Status);
        }

        Assert.Equal(200, (await gateway.Rest.GetAsync("/openapi.json")).Status);
    }

    private static Task<RestReply> GetAsync(Gateway gateway, string path, string? accept) => gateway.Rest.SendAsync(
        HttpMethod.Get, path, addHeaders: headers =>
        {
            if (accept is not null)
            {
                headers.TryAddWithoutValidation("Accept", accept);
            }
        });
}
