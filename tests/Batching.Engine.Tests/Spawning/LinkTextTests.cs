using System.Collections.Concurrent;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;

namespace Batching.Engine.Tests.Spawning;

public sealed class LinkTextTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    // RawUpstream writes a byte for each character.
    [Theory]
    [InlineData("\u00C3\u00BC")]
    [InlineData("\u00FC")]
    [InlineData("%C3%BC")]
    public async Task Link_TextBeyondAscii_LeadsToTheNextPage(string query)
    {
        var targets = new ConcurrentQueue<string>();
        await using var upstream = new RawUpstream(async connection =>
        {
            while (await connection.ReadRequestAsync() is { } request)
            {
                targets.Enqueue(request.Split(' ')[1]);
                var link = targets.Count == 1 ? $"Link: </items?q={query}&page=2>; rel=\"next\"\r\n" : "";
                await connection.WriteAsync($"HTTP/1.1 200 OK\r\n{link}Content-Length: 2\r\n\r\n[]");
            }
        });
        await using var engine = await EngineHost.StartAsync(_directory, EngineHost.Upstream(upstream.Url));
        var batch = await engine.SubmitAsync(
        [
            new Request
            {
                Path = "/items",
                Spawner = true,
                Pagination = new Pagination { Style = PaginationStyle.Link },
            },
        ]);
        var results = await engine.ResultsAsync(batch.Id);

        Assert.All(results, result => Assert.Equal(200, result.Response.StatusCode));
        Assert.Equal("/items?q=%C3%BC&page=2", targets.Last().Replace("&limit=100", "", StringComparison.Ordinal));
        Assert.Equal(2, targets.Count);
    }
}
