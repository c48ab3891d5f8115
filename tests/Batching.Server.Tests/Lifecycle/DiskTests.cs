using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Google.Rpc;
using Grpc.Core;

namespace Batching.Server.Tests.Lifecycle;

/// <summary>What a server process does when its disk is full, or its data directory isn't what it needs.</summary>
public sealed class DiskTests
{
    private const int Running = 100;

    [SmallDiskFact]
    public async Task Full_RefusesSubmissionsKeepsItsWorkAndGoesOnByItself()
    {
        var release = new TaskCompletionSource();
        await using var api = await TestApi.StartAsync(async context =>
        {
            var hangs = context.Request.Path.StartsWithSegments("/hang", StringComparison.Ordinal);
            if (hangs)
            {
                await release.Task;
            }

            // Small ones would still find room in pages that are free already.
            await TestApi.BytesAsync(context, "text/plain", new byte[hangs ? 128 * 1024 : 1]);
        });
        using var disk = new SmallDisk(80);
        using var gateway = await GatewayProcess.StartAsync(new Dictionary<string, string>
        {
            ["Batch__Upstream"] = api.Address,
            ["Batch__DataDirectory"] = Path.Combine(disk.FullName, "data"),
        });
        var before = await gateway.Rest.SubmitPathsAsync("done");
        await gateway.Rest.WaitUntilDoneAsync(before.Id);
        var running = await gateway.Rest.SubmitPathsAsync(Enumerable.Range(0, Running).Select(i => $"hang/{i}"));
        await Eventually.BeTrueAsync(() => api.Requests.Count > Running / 3, "requests are in flight");

        disk.Fill();
        var refused = await RefuseAsync(gateway);
        var grpc = await Assert.ThrowsAsync<RpcException>(
            async () => await gateway.Grpc.CreateBatchAsync(LargeBatch()));
        Assert.Equal(StatusCode.Unavailable, grpc.StatusCode);
        Assert.DoesNotContain(disk.FullName, refused.Text, StringComparison.Ordinal);

        // What was in flight ends meanwhile, and what is stored can still be read.
        release.SetResult();
        await RefuseAsync(gateway);
        Assert.InRange(
            (await gateway.Rest.GetAsync($"{running.Path}/status")).Success().Batch.GetProperty("runningRequests").GetInt32(),
            Running / 2,
            Running);
        using var silence = new PeriodicTimer(TimeSpan.FromSeconds(4));
        await silence.WaitForNextTickAsync();
        Assert.Equal(1, Count(gateway, "StoreWriteFailed", "can't be written (disk full)"));
        Assert.Equal(1, Count(gateway, "CommitFailed", "The store refused"));
        Assert.Single((await gateway.Rest.GetAsync($"{before.Path}?after=0")).Success().Requests);

        disk.Clear();
        await gateway.Rest.WaitUntilDoneAsync(running.Id);
        var results = (await gateway.Rest.GetAsync($"{running.Path}/status?detailed=true")).Success().Requests;
        Assert.Equal(Running, results.Count);
        Assert.All(results, request => Assert.Equal(200, request.GetProperty("responseStatusCode").GetInt32()));
        Assert.Equal(Running + 1, api.Requests.Count);
        var after = await gateway.Rest.SubmitPathsAsync("after");
        await gateway.Rest.WaitUntilDoneAsync(after.Id);

        // Nothing that was refused is there.
        Assert.Equal(
            [after.Id, running.Id, before.Id], (await gateway.Rest.GetAsync(RestClient.BatchPath)).Success().BatchIds);
        Count(gateway, "StoreWriteRecovered", "The store can be written again");
    }

    [Fact]
    public async Task FullStore_SaysWhenToTryAgainAndIsNotReady()
    {
        await using var api = await TestApi.StartAsync();
        using var data = new TemporaryDirectory();
        using var gateway = await GatewayProcess.StartAsync(new Dictionary<string, string>
        {
            ["Batch__Upstream"] = api.Address,
            ["Batch__DataDirectory"] = data.FullName,
            ["Batch__MaxStoreBytes"] = "1048576",
        });

        var refused = await RefuseAsync(gateway);
        var ready = (await gateway.Rest.GetAsync("/healthz/ready")).Status;
        var health = (await gateway.Rest.GetAsync("/healthz")).Status;
        var live = (await gateway.Rest.GetAsync("/healthz/live")).Status;
        var grpc = await Assert.ThrowsAsync<RpcException>(
            async () => await gateway.Grpc.CreateBatchAsync(LargeBatch()));

        Assert.Equal(TimeSpan.FromSeconds(5), refused.Headers.RetryAfter?.Delta);
        Assert.Equal(5, grpc.GetRpcStatus()?.GetDetail<RetryInfo>()?.RetryDelay.Seconds);
        Assert.Equal((503, 503, 200), (ready, health, live));

        // Nobody may have sent anything meanwhile, because it was not ready.
        await Eventually.BeTrueAsync(
            async () => (await gateway.Rest.GetAsync("/healthz/ready")).Status == 200, "somebody may try again");
        await gateway.Rest.SubmitPathsAsync("small");
    }

    [Theory]
    [InlineData("garbage", "is damaged or no database at all; nothing was changed")]
    [InlineData("newer", "was written by a newer version of this service")]
    [InlineData("page", "is damaged or no database at all; nothing was changed")]
    public async Task Start_UnusableDatabase_IsRefusedAndTouchesNothing(string damage, string expected)
    {
        await using var api = await TestApi.StartAsync();
        using var data = new TemporaryDirectory();
        using (var gateway = await GatewayProcess.StartAsync(api, data))
        {
            var batch = await gateway.Rest.SubmitPathsAsync(Enumerable.Range(0, 500).Select(i => $"{i}"));
            await gateway.Rest.WaitUntilDoneAsync(batch.Id);
            await gateway.TerminateAsync();
            Assert.Equal(0, await gateway.WaitForExitAsync());
        }

        Damage(Path.Combine(data.FullName, "batch.db"), damage);
        var before = Read(data);

        using var refused = Launch(api, data);
        Assert.NotEqual(0, await refused.WaitForExitAsync());

        Assert.Contains(expected, refused.Output, StringComparison.Ordinal);
        Assert.Contains(Path.Combine(data.FullName, "batch.db"), refused.Output, StringComparison.Ordinal);
        Assert.Equal(before, Read(data));
    }

    [Fact]
    public async Task Start_DataDirectoryOfARunningServer_IsRefusedAndTheFirstServesOn()
    {
        await using var api = await TestApi.StartAsync();
        using var data = new TemporaryDirectory();
        using var first = await GatewayProcess.StartAsync(api, data);

        using var second = Launch(api, data);
        Assert.NotEqual(0, await second.WaitForExitAsync());

        Assert.Contains(
            $"The data directory {data.FullName} is in use by another process", second.Output, StringComparison.Ordinal);
        var batch = await first.Rest.SubmitPathsAsync("x");
        await first.Rest.WaitUntilDoneAsync(batch.Id);
        first.AssertNoErrors();
    }

    private static GatewayProcess Launch(TestApi api, TemporaryDirectory data) =>
        GatewayProcess.Launch(new Dictionary<string, string>
        {
            ["Batch__Upstream"] = api.Address,
            ["Batch__DataDirectory"] = data.FullName,
        });

    // Too large for what is left in the pages and in the log.
    private static CreateBatchRequest LargeBatch()
    {
        var request = new CreateBatchRequest();
        request.Requests.Add(Enumerable.Range(0, 500).Select(i => new Request { Path = $"{i}/{new string('x', 4000)}" }));
        return request;
    }

    private static async Task<RestReply> RefuseAsync(GatewayProcess gateway)
    {
        var paths = Enumerable.Range(0, 500).Select(i => $$"""{"path": "{{i}}/{{new string('x', 4000)}}"}""");
        return (await gateway.Rest.PostAsync($"[{string.Join(',', paths)}]")).Error(503, "UNAVAILABLE");
    }

    private static int Count(GatewayProcess gateway, string name, string text)
    {
        var count = gateway.Output.Split(text).Length - 1;
        Assert.True(count > 0, $"{name} was not logged:\n{gateway.Output}");
        return count;
    }

    private static void Damage(string path, string damage)
    {
        var bytes = File.ReadAllBytes(path);
        switch (damage)
        {
            case "garbage":
                new Random(7).NextBytes(bytes);
                break;
            case "newer":
                // Database file format, 1.3: the user version is at 60.
                bytes[60] = 1;
                break;
            default:
                new Random(7).NextBytes(bytes.AsSpan(3 * 8192, 8192));
                break;
        }

        File.WriteAllBytes(path, bytes);
    }

    private static List<string> Read(TemporaryDirectory data) =>
    [
        .. Directory.EnumerateFiles(data.FullName, "*", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .Select(file => $"{file} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(file)))}"),
    ];
}
