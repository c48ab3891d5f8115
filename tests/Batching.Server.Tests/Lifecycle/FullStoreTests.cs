using System.Globalization;
using Batching.Server.Tests.Infrastructure;

namespace Batching.Server.Tests.Lifecycle;

/// <summary>What a store that has no room left still does, and how it gets out again.</summary>
public sealed class FullStoreTests
{
    private const int StoreBytes = 20 * 1024 * 1024;

    [Theory]
    [InlineData(60, 1_000_000)]
    [InlineData(4_000, 10_000)]
    public async Task Full_CancelDeleteAndSubmitGoThroughAndItRecovers(int count, int bytes)
    {
        await using var api = await StartApiAsync(bytes);
        using var data = new TemporaryDirectory();
        using var gateway = await StartAsync(api, data.FullName);
        var batch = await gateway.Rest.SubmitPathsAsync(Enumerable.Range(0, count).Select(i => $"large/{i}"));
        await UntilFullAsync(gateway);

        await Eventually.BeTrueAsync(
            async () => await FinishedAsync(gateway, batch) >= StoreBytes * 0.8 / (bytes + 200), "results that fit are stored");
        if (bytes > 100_000)
        {
            var small = await gateway.Rest.SubmitPathsAsync("small");
            await gateway.Rest.WaitUntilDoneAsync(small.Id);
        }

        (await gateway.Rest.PostAsync("", $"{batch.Path}/cancel")).Success();
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);
        (await gateway.Rest.SendAsync(HttpMethod.Delete, batch.Path)).Success();
        var next = await gateway.Rest.SubmitPathsAsync(Enumerable.Range(0, 10).Select(i => $"large/{i}"));
        await gateway.Rest.WaitUntilDoneAsync(next.Id);
        Assert.All(
            (await gateway.Rest.GetAsync($"{next.Path}/status?detailed=true")).Success().Requests,
            request => Assert.Equal(200, request.GetProperty("responseStatusCode").GetInt32()));
    }

    [Fact]
    public async Task Full_ExpiryFreesRoomAndEndsWhatCouldNotBeStored()
    {
        await using var api = await StartApiAsync(1_000_000);
        using var data = new TemporaryDirectory();
        using var gateway = await StartAsync(
            api, data.FullName, ("Batch__Retention__Responses", "00:00:08"), ("Batch__Retention__Metadata", "01:00:00"));
        var batch = await gateway.Rest.SubmitPathsAsync(Enumerable.Range(0, 60).Select(i => $"large/{i}"));
        await UntilFullAsync(gateway);
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);

        var requests = (await gateway.Rest.GetAsync($"{batch.Path}/status?detailed=true")).Success().Requests;
        Assert.Equal(60, requests.Count);
        var refused = requests.First(request => request.GetProperty("responseStatusCode").GetInt32() == 502);
        var result = Assert.Single(
            (await gateway.Rest.GetAsync($"{batch.Path}?request_ids={refused.GetProperty("id").GetString()}")).Success().Requests);
        Assert.Equal("STORE_FULL", result.GetProperty("response").GetProperty("error").GetString());
        var next = await gateway.Rest.SubmitPathsAsync(Enumerable.Range(0, 15).Select(i => $"large/{i}"));
        await gateway.Rest.WaitUntilDoneAsync(next.Id);
    }

    [Fact]
    public async Task Full_ResultThatNeverFits_EndsAsAFailureAndBlocksNobody()
    {
        await using var api = await StartApiAsync(9_000_000);
        using var data = new TemporaryDirectory();
        using var gateway = await StartAsync(api, data.FullName, ("Batch__MaxStoreBytes", $"{8 * 1024 * 1024}"));
        var batch = await gateway.Rest.SubmitPathsAsync("large/1", "small", "large/2");
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);
        var results = (await gateway.Rest.GetAsync($"{batch.Path}?request_ids={string.Join(',', batch.RequestIds)}"))
            .Success().Requests;
        Assert.Equal([502, 200, 502], results.Select(request => request.GetProperty("responseStatusCode").GetInt32()));
        Assert.Equal("STORE_FULL", results[0].GetProperty("response").GetProperty("error").GetString());
    }

    // What was answered and could not be stored is all that is called again after a crash.
    [Fact]
    public async Task Full_Killed_CallsNoMoreAgainThanWasUnderWay()
    {
        await using var api = await StartApiAsync(1_000_000);
        using var data = new TemporaryDirectory();
        SubmittedBatch batch;
        int calls;
        using (var gateway = await StartAsync(api, data.FullName))
        {
            batch = await gateway.Rest.SubmitPathsAsync(Enumerable.Range(0, 600).Select(i => $"large/{i}"));
            await UntilFullAsync(gateway);
            await Eventually.BeTrueAsync(async () => await FinishedAsync(gateway, batch) >= 15, "results that fit");
            calls = api.Requests.Count;

            // Those that are stored, in memory up to Limits:UncommittedBytes, and under way.
            Assert.InRange(calls, 15, 20 + 68 + 128);
            await gateway.KillAsync();
        }

        using (var gateway = await StartAsync(api, data.FullName))
        {
            await UntilFullAsync(gateway);
            Assert.InRange(api.Requests.Count, calls, (2 * calls) - 15 + 128);
            (await gateway.Rest.SendAsync(HttpMethod.Delete, batch.Path)).Success();
            var next = await gateway.Rest.SubmitPathsAsync(Enumerable.Range(0, 15).Select(i => $"large/{i}"));
            await gateway.Rest.WaitUntilDoneAsync(next.Id);
        }
    }

    [SmallDiskFact]
    public async Task FullDisk_DeleteAndCancelGoThroughAndItRecovers()
    {
        await using var api = await StartApiAsync(1_000_000);
        using var disk = new SmallDisk(60);
        using var gateway = await StartAsync(
            api, Path.Combine(disk.FullName, "data"), ("Batch__MaxStoreBytes", "1000000000"));
        var batch = await gateway.Rest.SubmitPathsAsync(Enumerable.Range(0, 200).Select(i => $"large/{i}"));
        await UntilFullAsync(gateway);
        disk.Fill();

        (await gateway.Rest.PostAsync("", $"{batch.Path}/cancel")).Success();
        (await gateway.Rest.SendAsync(HttpMethod.Delete, batch.Path)).Success();
        var next = await gateway.Rest.SubmitPathsAsync(Enumerable.Range(0, 10).Select(i => $"large/{i}"));
        await gateway.Rest.WaitUntilDoneAsync(next.Id);
    }

    [SmallDiskFact]
    public async Task FullDisk_KeyedBatch_StillHasItsPlaces()
    {
        await using var api = await StartApiAsync(1_000_000);
        using var disk = new SmallDisk(60);
        using var gateway = await StartAsync(
            api,
            Path.Combine(disk.FullName, "data"),
            ("Batch__Upstreams__0__BaseAddress", api.Address),
            ("Batch__Upstreams__0__MaxConcurrency", "4"),
            ("Batch__Upstream", ""));
        var posts = string.Join(',', Enumerable.Range(0, 100).Select(i => $$"""{"path": "large/{{i}}", "method": "POST"}"""));
        await gateway.Rest.SubmitAsync($"[{posts}]");
        await UntilFullAsync(gateway);
        disk.Fill();
        await gateway.Rest.PostAsync("""[{"path": "small", "method": "POST"}]""");

        for (var i = 0; i < 10; i++)
        {
            var keyed = await gateway.Rest.PostAsync(
                """{"a": "/small", "b": "/small", "c": "/small", "d": "/small"}""", "/api/v2/batch")
                .WithDeadlineAsync("the keyed batch");
            Assert.Equal(200, keyed.Json.GetProperty("d").GetProperty("headers").GetProperty("response_code").GetInt32());
        }
    }

    private static Task<TestApi> StartApiAsync(int bytes) => TestApi.StartAsync(context => TestApi.BytesAsync(
        context,
        "application/octet-stream",
        new byte[context.Request.Path.StartsWithSegments("/large", StringComparison.Ordinal) ? bytes : 10]));

    private static Task<GatewayProcess> StartAsync(
        TestApi api, string data, params (string Name, string Value)[] more)
    {
        var environment = new Dictionary<string, string>
        {
            ["Batch__Upstream"] = api.Address,
            ["Batch__DataDirectory"] = data,
            ["Batch__MaxStoreBytes"] = StoreBytes.ToString(CultureInfo.InvariantCulture),
        };
        foreach (var (name, value) in more)
        {
            environment[name] = value;
        }

        return GatewayProcess.StartAsync(environment);
    }

    private static Task UntilFullAsync(GatewayProcess gateway) => Eventually.BeTrueAsync(
        () => gateway.Output.Contains("The store refused", StringComparison.Ordinal), "the store is full");

    private static async Task<int> FinishedAsync(GatewayProcess gateway, SubmittedBatch batch)
    {
        var status = (await gateway.Rest.GetAsync($"{batch.Path}/status")).Success().Batch;
        return status.GetProperty("totalRequests").GetInt32() - status.GetProperty("runningRequests").GetInt32();
    }
}
