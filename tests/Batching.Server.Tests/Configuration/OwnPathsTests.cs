using Batching.Engine.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Batching.Server.Tests.Configuration;

public sealed class OwnPathsTests
{
    // What is served and not told to the engine could be called by a batch.
    [Fact]
    public async Task OwnPaths_Server_AreThoseOfTheContract()
    {
        await using var app = BatchServer.Build(["--Batch:Upstream=http://127.0.0.1:1", "--urls=http://127.0.0.1:0"]);
        var paths = app.Services.GetRequiredService<IOptions<BatchEngineOptions>>().Value.OwnPaths;
        Assert.Equal(
            [
                "/api/v0/batch", "/api/v0/batch/pagination", "/api/v0/batch/watch", "/api/v0/batch/webhook-secret", "/api/v1/batches",
                "/api/v1/gateway", "/api/v2/batch", "/batch.rest.v1.", "/batch.v1.",
            ],
            paths.Order(StringComparer.Ordinal));
    }
}
