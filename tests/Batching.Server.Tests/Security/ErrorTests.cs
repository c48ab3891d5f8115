using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Grpc.Core;

namespace Batching.Server.Tests.Security;

/// <summary>Errors say what callers need, and nothing of how the gateway is built.</summary>
public sealed class ErrorTests
{
    private static readonly string[] Insides =
    [
        "   at ", "System.", "Microsoft.", "Batching.Engine", "Exception", ".cs", "SQLite", "sqlite", "SELECT", "INSERT",
        ".db", "/tmp", "data/", ":line",
    ];

    [Fact]
    public async Task Errors_OfAllKinds_TellNothingOfTheInside()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(
            api, "--Batch:Upstreams:0:Prefix=/down", "--Batch:Upstreams:0:BaseAddress=http://127.0.0.1:9");
        var replies = new List<string>();
        foreach (var body in new[]
        {
            "", "{", "[", "[1]", "[null]", "{}", "\u0000", "[{}]", """[{"path": "../x"}]""", """[{"path": 5, "params": 5}]""",
            $"[{new string('[', 500)}", """[{"path": "x", "pagination": {"style": "x"}}]""", "\"\\ud800\"",
        })
        {
            replies.Add((await gateway.Rest.PostAsync(body)).Text);
            replies.Add((await gateway.Rest.PostAsync(body, "/api/v2/batch")).Text);
        }

        foreach (var path in new[]
        {
            "/api/v0/batch/x", "/api/v0/batch/1234567890123456/status", "/api/v0/batch/1234567890123456/results?after=x",
            "/api/v0/batch?limit=x&page_token=x", "/api/v0/batch?page_token='%20OR%201=1--", "/api/v2/batch?get[a]=..", "/api/v0/",
            "/api/v0/batch/%00", "/api/v0/batch/..%2f..%2fetc", "/nothing",
        })
        {
            replies.Add((await gateway.Rest.GetAsync(path)).Text);
        }

        replies.Add((await gateway.Rest.SendAsync(HttpMethod.Put, RestClient.BatchPath)).Text);
        replies.Add((await gateway.Rest.RunAsync("""{"path": "down"}""")).ToString());
        replies.Add((await gateway.Rest.PostAsync("""{"a": "/down"}""", "/api/v2/batch")).Text);
        var grpc = await Assert.ThrowsAsync<RpcException>(
            async () => await gateway.Grpc.FetchBatchAsync(new FetchBatchRequest { BatchId = "'; DROP" }));
        replies.Add(grpc.Status.Detail);

        foreach (var reply in replies)
        {
            Assert.DoesNotContain(Insides, inside => reply.Contains(inside, StringComparison.Ordinal));
            Assert.DoesNotContain(gateway.DataDirectory, reply, StringComparison.Ordinal);
        }
    }
}
