using System.Net.Http.Json;
using Batching.Interop.Tests.DotNet;
using Batching.V1;
using Grpc.Core;
using Grpc.Health.V1;

namespace Batching.Interop.Tests.Proxies;

/// <summary>Calls on which nothing happens for longer than proxies wait by their defaults.</summary>
public sealed class IdleTests(ProxiedGateway gateway) : IClassFixture<ProxiedGateway>
{
    // nginx waits for 60 s, HAProxy for 50.
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(70);

    // Shorter than the gateway waits itself, by default.
    private static readonly TimeSpan UploadPause = TimeSpan.FromSeconds(55);

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly string _owner = $"Bearer idle-{Guid.NewGuid()}";

    /// <summary>
    /// All at once: that the clocks of other programs run takes real time, and no test can put them forward. Streams live with
    /// any settings, since they give signs of life; what can't give any lives with the documented ones.
    /// </summary>
    [InteropFact(Tool.Proxies)]
    public async Task AnyCall_NothingHappensFor70Seconds_IsCompleted()
    {
        var api = await gateway.ApiAsync();
        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        var calls = new List<(string Name, Task Opened, Task Done)>();
        foreach (var (proxy, settings) in ProxyConfiguration.All)
        {
            var route = await gateway.ThroughAsync(proxy, settings);
            foreach (var form in Enum.GetValues<StreamForm>())
            {
                Add($"{form} through {route}", opened => StreamAsync(route, form, opened, patience.Token));
            }

            if (settings == ProxySettings.Documented)
            {
                Add($"keyed REST through {route}", opened => RunOverRestAsync(route, api, opened, patience.Token));
                Add($"keyed gRPC through {route}", opened => RunOverGrpcAsync(route, api, opened));
                Add($"health through {route}", opened => WatchHealthAsync(route, api, opened));
                Add($"upload through {route}", opened => UploadAsync(route, opened));
            }
        }

        foreach (var (name, opened, done) in calls)
        {
            await Task.WhenAny(opened, done).WaitAsync(patience.Token);
            Assert.True(opened.IsCompletedSuccessfully, $"{name} was not opened: {done.Exception}");
        }

        await Task.Delay(Idle, TimeProvider.System);
        api.Call("last").Release();

        var failures = new List<string>();
        foreach (var (name, _, done) in calls)
        {
            try
            {
                await done;
            }
            catch (Exception exception)
            {
                failures.Add($"{name}: {exception.Message}");
            }
        }

        Assert.True(failures.Count == 0, string.Join('\n', failures));

        void Add(string name, Func<TaskCompletionSource, Task> call)
        {
            var opened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            calls.Add((name, opened.Task, call(opened)));
        }
    }

    // Reads a first result at once, and the second one when it is let go.
    private async Task StreamAsync(
        Route route, StreamForm form, TaskCompletionSource opened, CancellationToken cancellationToken)
    {
        (await gateway.ApiAsync()).Call("first").Release();
        using var client = Connect(route);
        var batch = await client.CreateAsync(
            [new Request { Path = "/held/first" }, new Request { Path = "/held/last" }]);
        var last = default(StreamRecord);
        await foreach (var record in ResultStream.ReadAsync(route, form, _owner, batch.Id, cancellationToken))
        {
            opened.TrySetResult();
            last = record;
        }

        Assert.True(last is { IsEnd: true, Position: 2 }, $"The last record was {last}.");
    }

    private async Task RunOverRestAsync(Route route, HeldApi api, TaskCompletionSource opened, CancellationToken cancellationToken)
    {
        using var client = new HttpClient { BaseAddress = route.Rest.Url, Timeout = Patience };
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", _owner);
        var arrived = $"{Guid.NewGuid()}";
        var reply = client.PostAsJsonAsync(
            "/api/v2/batch",
            new Dictionary<string, string> { ["arrived"] = $"/held/{arrived}", ["last"] = "/held/last" },
            cancellationToken);
        await ArriveAsync(api, arrived, opened, reply);
        using var response = await reply;
        Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}");
    }

    private async Task RunOverGrpcAsync(Route route, HeldApi api, TaskCompletionSource opened)
    {
        using var client = Connect(route);
        var arrived = $"{Guid.NewGuid()}";
        var calls = new[] { arrived, "last" }.Select(name => new KeyedRequest
        {
            Key = name,
            Request = new Request { Path = $"/held/{name}" },
        });
        var reply = client.Keyed.RunBatchAsync(new RunBatchRequest { Calls = { calls } }, client.Options(Patience)).ResponseAsync;
        await ArriveAsync(api, arrived, opened, reply);
        Assert.All((await reply).Replies, one => Assert.Equal(200, one.Response.StatusCode));
    }

    // Health is told when it changes, and the call goes on until somebody ends it.
    private async Task WatchHealthAsync(Route route, HeldApi api, TaskCompletionSource opened)
    {
        using var client = Connect(route);
        using var enough = new CancellationTokenSource();
        using var call = new Health.HealthClient(client.Channel).Watch(
            new HealthCheckRequest(), client.Options(Patience).WithCancellationToken(enough.Token));
        var watching = WatchAsync();
        Assert.True(await Task.WhenAny(watching, api.Call("last").Released) != watching, $"It ended: {watching.Exception?.Message}");
        await enough.CancelAsync();
        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(() => watching)).StatusCode);

        async Task WatchAsync()
        {
            await foreach (var health in call.ResponseStream.ReadAllAsync())
            {
                opened.TrySetResult();
            }
        }
    }

    private async Task UploadAsync(Route route, TaskCompletionSource opened)
    {
        using var client = Connect(route);
        using var call = client.Batches.UploadBatch(client.Options(Patience));
        await call.RequestStream.WriteAsync(new UploadBatchRequest { Requests = { new Request { Path = "/held/first" } } });
        opened.SetResult();
        await Task.Delay(UploadPause, TimeProvider.System);
        await call.RequestStream.WriteAsync(new UploadBatchRequest { Requests = { new Request { Path = "/held/first" } } });
        await call.RequestStream.CompleteAsync();
        Assert.Equal(2, (await call).Batch.TotalRequests);
    }

    private GatewayClient Connect(Route route) => new(route.Grpc, Transport.Cleartext) { Authorization = _owner };

    // A keyed batch is under way when one of its calls has reached the API.
    private static async Task ArriveAsync(HeldApi api, string name, TaskCompletionSource opened, Task reply)
    {
        var call = api.Call(name);
        call.Release();
        if (await Task.WhenAny(call.Arrived, reply) == call.Arrived)
        {
            opened.SetResult();
        }
    }
}
