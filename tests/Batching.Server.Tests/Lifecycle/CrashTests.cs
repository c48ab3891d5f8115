using System.Collections.Concurrent;
using System.Text.Json;
using Batching.Server.Tests.Infrastructure;
using Microsoft.AspNetCore.Http;

namespace Batching.Server.Tests.Lifecycle;

/// <summary>The gateway is killed and started again.</summary>
public sealed class CrashTests
{
    private const int Count = 10_000;

    [Fact]
    public async Task Kill_InTheMiddleOfABatch_FinishesAfterTheNextStartWithNothingMissing()
    {
        // From the middle on every request waits until the gateway is dead: it dies with some in flight.
        var seen = 0;
        var isDead = new TaskCompletionSource();
        await using var api = await TestApi.StartAsync(async context =>
        {
            if (Interlocked.Increment(ref seen) > Count / 2)
            {
                await isDead.Task;
            }

            await TestApi.JsonAsync(context, $$"""{"path":"{{context.Request.Path}}"}""");
        });
        using var data = new TemporaryDirectory();
        SubmittedBatch batch;
        int unfinished;
        using (var gateway = await GatewayProcess.StartAsync(api, data))
        {
            batch = await gateway.Rest.SubmitPathsAsync(Enumerable.Range(0, Count).Select(i => $"item/{i}"));
            await Eventually.BeTrueAsync(() => Volatile.Read(ref seen) > Count / 2, "half of the requests are made");
            await gateway.Rest.WaitForRunningAsync(batch.Id, Count - Count / 4);
            var status = (await gateway.Rest.GetAsync($"{batch.Path}/status")).Success();
            unfinished = status.Batch.GetProperty("runningRequests").GetInt32();
            await gateway.KillAsync();
            gateway.AssertNoErrors();
        }

        var before = Volatile.Read(ref seen);
        isDead.SetResult();
        using var again = await GatewayProcess.StartAsync(api, data);
        await again.Rest.WaitUntilDoneAsync(batch.Id);

        var results = new Dictionary<string, JsonElement>();
        while (true)
        {
            var page = (await again.Rest.GetAsync(batch.Path)).Success().Requests;
            if (page.Count == 0)
            {
                break;
            }

            Assert.All(page, request => Assert.True(results.TryAdd(request.GetProperty("id").GetString()!, request)));
        }

        Assert.Equal(Count, results.Count);
        for (var i = 0; i < Count; i++)
        {
            var request = results[batch.RequestIds[i]];
            Assert.Equal(200, request.GetProperty("responseStatusCode").GetInt32());
            Assert.Equal($$"""{"path":"/item/{{i}}"}""", request.GetProperty("response").GetRawText());
        }

        // What had a result before the crash was not made again.
        Assert.InRange(api.Requests.Count, Count, before + unfinished);
        again.AssertNoErrors();
    }

    [Fact]
    public async Task Kill_WithRequestsInFlight_RepeatsOnlyWhatIsSafe()
    {
        var isDead = false;
        var never = new TaskCompletionSource();
        var calls = new ConcurrentDictionary<string, int>();
        await using var api = await TestApi.StartAsync(async context =>
        {
            calls.AddOrUpdate(context.Request.Path!, 1, (_, count) => count + 1);
            if (!Volatile.Read(ref isDead))
            {
                await never.Task;
            }

            await TestApi.JsonAsync(context, Key(context) is { Length: > 0 } key ? $"\"{key}\"" : "\"again\"");
        });
        using var data = new TemporaryDirectory();
        SubmittedBatch batch;
        using (var gateway = await GatewayProcess.StartAsync(api, data))
        {
            batch = await gateway.Rest.SubmitAsync(
                """
                [{"path": "get"}, {"path": "put", "method": "PUT", "body": 1}, {"path": "delete", "method": "DELETE"},
                 {"path": "post", "method": "POST", "body": {}}, {"path": "patch", "method": "PATCH", "body": {}},
                 {"path": "keyed", "method": "POST", "body": {}, "headers": {"Idempotency-Key": "key-1"}}]
                """);
            await Eventually.BeTrueAsync(() => calls.Count == 6, "all requests are in flight");
            await gateway.KillAsync();
        }

        Volatile.Write(ref isDead, true);
        using var again = await GatewayProcess.StartAsync(api, data);
        await again.Rest.WaitUntilDoneAsync(batch.Id);
        never.SetResult();

        var results = (await again.Rest.GetAsync($"{batch.Path}?request_ids={string.Join(",", batch.RequestIds)}"))
            .Success().Requests;
        Assert.Equal(
            [200, 200, 200, 502, 502, 200],
            results.Select(request => request.GetProperty("responseStatusCode").GetInt32()));
        Assert.All(results.Take(3), request => Assert.Equal("\"again\"", request.GetProperty("response").GetRawText()));
        Assert.All(results.Skip(3).Take(2), request =>
        {
            var response = request.GetProperty("response");
            Assert.Equal("INTERRUPTED", response.GetProperty("error").GetString());
            Assert.Equal(502, response.GetProperty("statusCode").GetInt32());
            Assert.NotEmpty(response.GetProperty("message").GetString()!);
        });
        Assert.Equal("\"key-1\"", results[5].GetProperty("response").GetRawText());
        Assert.Equal(
            [("/delete", 2), ("/get", 2), ("/keyed", 2), ("/patch", 1), ("/post", 1), ("/put", 2)],
            calls.Select(call => (call.Key, call.Value)).OrderBy(call => call.Key, StringComparer.Ordinal));
        again.AssertNoErrors();
    }

    [Fact]
    public async Task Kill_StreamOpen_EndsItWithoutTheLastRecordAndAfterGoesOn()
    {
        var isDead = new TaskCompletionSource();
        await using var api = await TestApi.StartAsync(async context =>
        {
            if (context.Request.Path != "/first")
            {
                await isDead.Task;
            }

            await TestApi.JsonAsync(context, "1");
        });
        using var data = new TemporaryDirectory();
        SubmittedBatch batch;
        using (var gateway = await GatewayProcess.StartAsync(api, data))
        {
            batch = await gateway.Rest.SubmitPathsAsync("first", "a", "b");
            using var stream = await gateway.Rest.OpenAsync($"{batch.Path}/results");
            using var reader = new StreamReader(await stream.Content.ReadAsStreamAsync());
            Assert.NotNull(await reader.ReadLineAsync().WithDeadlineAsync("the first result comes"));
            await gateway.KillAsync();
            // The client sees that the stream was cut, or at least that it has no last record.
            var rest = "";
            try
            {
                rest = await reader.ReadToEndAsync().WithDeadlineAsync("the stream ends");
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException)
            {
            }

            Assert.Equal("", rest);
        }

        isDead.SetResult();
        using var again = await GatewayProcess.StartAsync(api, data);
        using var resumed = await again.Rest.OpenAsync($"{batch.Path}/results?after=1");
        var text = await resumed.Content.ReadAsStringAsync().WithDeadlineAsync("the stream ends");
        var lines = text.TrimEnd().Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.StartsWith("""{"position":2,""", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("""{"position":3,""", lines[1], StringComparison.Ordinal);
        Assert.Equal("""{"end":true,"position":3,"runningRequests":0}""", lines[2]);
    }

    private static string Key(HttpContext context) => context.Request.Headers["Idempotency-Key"].ToString();
}
