using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Xunit.Abstractions;

namespace Batching.Server.Tests.Webhooks;

/// <summary>
/// The gateway is killed at random around the end of batches: each batch that is done is told of, and no other. A longer run is
/// made by <c>BATCH_WEBHOOK_KILLS</c>; <c>BATCH_WEBHOOK_SEED</c> takes a seed to make the same plan again.
/// </summary>
public sealed class WebhookCrashTests(ITestOutputHelper output)
{
    private const int DefaultKills = 20;

    // Each keeps one of the places of the API.
    private const int Running = 10;

    private readonly ConcurrentDictionary<string, int> _told = new();
    private int _tooEarly;

    [Fact]
    public async Task Kill_AroundTheEndOfBatches_EachIsToldOfAtLeastOnceAndNoneTooEarly()
    {
        var kills = Number("BATCH_WEBHOOK_KILLS") ?? DefaultKills;
        var seed = Number("BATCH_WEBHOOK_SEED") ?? Random.Shared.Next();
        output.WriteLine($"seed {seed}, {kills} kills");
        var random = new Random(seed);
        var never = new TaskCompletionSource();
        await using var api = await TestApi.StartUnrecordedAsync(async context =>
        {
            if (context.Request.Path == "/never")
            {
                await never.Task.WaitAsync(context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            await TestApi.JsonAsync(context, "1");
        });
        await using var receiver = await TestApi.StartUnrecordedAsync(ReceiveAsync);
        using var data = new TemporaryDirectory();
        using var gateway = await GatewayProcess.StartAsync(
            ("Batch:Upstreams:0:BaseAddress", api.Address),
            ("Batch:Upstreams:0:Timeout", "01:00:00"),
            ("Batch:Upstreams:0:MaxConcurrency", "100"),
            ("Batch:Upstreams:0:AdaptiveConcurrency", "false"),
            ("Batch:DataDirectory", data.FullName),
            ("Batch:Webhooks:AllowedHosts:0", receiver.Address),
            ("Batch:Webhooks:AllowPrivateAddresses", "true"),
            ("Batch:Webhooks:RetryDelay", "00:00:00.100"),
            ("Batch:Webhooks:MaxRetryDelay", "00:00:01"));

        var done = new List<string>();
        var running = new List<string>();
        for (var kill = 0; kill < kills; kill++)
        {
            for (var i = random.Next(1, 4); i > 0; i--)
            {
                done.Add(await SubmitAsync(gateway, receiver, Enumerable.Repeat("quick", random.Next(1, 20))));
            }

            if (running.Count < Running)
            {
                running.Add(await SubmitAsync(gateway, receiver, ["quick", "never"]));
            }

            // Between the submission and a moment after the message: a batch takes some milliseconds.
            var until = random.Next(3) switch
            {
                0 => Task.Delay(TimeSpan.FromMilliseconds(random.Next(0, 20)), TimeProvider.System),
                1 => Task.Delay(TimeSpan.FromMilliseconds(random.Next(20, 200)), TimeProvider.System),
                _ => Eventually.BeTrueAsync(() => _told.ContainsKey(done[^1]), "the message of the last batch"),
            };
            await until;
            await gateway.KillAsync();
            await gateway.RestartAsync();
        }

        await Eventually.BeTrueAsync(() => done.TrueForAll(_told.ContainsKey), "the messages of all batches");
        foreach (var id in running)
        {
            var status = (await gateway.Rest.GetAsync($"/api/v0/batch/{id}/status")).Success();
            Assert.Equal(1, status.Batch.GetProperty("runningRequests").GetInt32());
        }

        Assert.DoesNotContain(running, _told.ContainsKey);
        Assert.Equal(0, Volatile.Read(ref _tooEarly));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{done.Count} batches were told of by {_told.Values.Sum()} messages"));

        // What has waited for the API all the time is told of when it is done.
        never.SetResult();
        await Eventually.BeTrueAsync(() => running.TrueForAll(_told.ContainsKey), "the messages of the batches that had to wait");
        await Eventually.BeTrueAsync(
            async () =>
            {
                var lists = await Task.WhenAll(done.Concat(running).Select(id => gateway.Rest.GetAsync($"/api/v0/batch/{id}/webhooks")));
                return lists.All(list => list.Success().Json.GetProperty("Webhooks").EnumerateArray().All(
                    message => message.GetProperty("state").GetString() == "DELIVERED"));
            },
            "every message is noted as delivered");
        gateway.AssertNoErrors();
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : null;

    private static async Task<string> SubmitAsync(GatewayProcess gateway, TestApi receiver, IEnumerable<string> paths)
    {
        var json = JsonSerializer.Serialize(paths.Select(path => new { path }));
        var reply = await gateway.Rest.PostAsync(json, $"/api/v0/batch?notify_url={Uri.EscapeDataString(receiver.Address + "/")}");
        return reply.Success().Batch.GetProperty("id").GetString()!;
    }

    private async Task ReceiveAsync(HttpContext context)
    {
        using var body = await JsonDocument.ParseAsync(context.Request.Body);
        var data = body.RootElement.GetProperty("data");
        if (data.GetProperty("running_requests").GetInt32() != 0)
        {
            Interlocked.Increment(ref _tooEarly);
        }

        _told.AddOrUpdate(data.GetProperty("batch_id").GetString()!, 1, static (_, count) => count + 1);
    }
}
