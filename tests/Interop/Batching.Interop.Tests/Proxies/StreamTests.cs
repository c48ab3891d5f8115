using Batching.Interop.Tests.DotNet;
using Batching.V1;

namespace Batching.Interop.Tests.Proxies;

/// <summary>Results that a proxy hands on.</summary>
public sealed class StreamTests(ProxiedGateway gateway) : IClassFixture<ProxiedGateway>
{
    private const int Results = 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan MostLag = TimeSpan.FromMilliseconds(200);

    // Over HTTP/1.1 HAProxy waits for more, and the kernel lets it wait for 200 ms, unless it is told not to.
    private static readonly TimeSpan MostLagOfHaProxy = TimeSpan.FromMilliseconds(500);

    public static TheoryData<ProxyKind, ProxySettings, StreamForm> Streams
    {
        get
        {
            var streams = new TheoryData<ProxyKind, ProxySettings, StreamForm>();
            foreach (var (proxy, settings) in ProxyConfiguration.All)
            {
                foreach (var form in Enum.GetValues<StreamForm>())
                {
                    streams.Add(proxy, settings, form);
                }
            }

            return streams;
        }
    }

    /// <summary>Each result is let go when the one before has come, so that a proxy that gathers them holds up all.</summary>
    [InteropTheory(Tool.Proxies)]
    [MemberData(nameof(Streams))]
    public async Task FetchResults_OneByOne_ComeAsWithoutProxy(ProxyKind proxy, ProxySettings settings, StreamForm form)
    {
        var api = await gateway.ApiAsync();
        var (direct, through) = (await gateway.DirectAsync(), await gateway.ThroughAsync(proxy, settings));
        using var me = new GatewayClient(direct.Grpc, Transport.Cleartext);
        var names = Enumerable.Range(0, Results).Select(_ => $"{Guid.NewGuid()}").ToArray();
        var batch = await me.CreateAsync(names.Select(name => new Request { Path = $"/held/{name}" }));

        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        await using var near = Read(direct).GetAsyncEnumerator(patience.Token);
        await using var far = Read(through).GetAsyncEnumerator(patience.Token);
        var lags = new List<TimeSpan>();
        try
        {
            foreach (var name in names)
            {
                var (nearTime, farTime) = (NextResultAsync(near), NextResultAsync(far));
                api.Call(name).Release();
                lags.Add(TimeProvider.System.GetElapsedTime(await nearTime, await farTime));
            }

            Assert.True(await far.MoveNextAsync() && far.Current.IsEnd);
            Assert.False(await far.MoveNextAsync());
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            Assert.Fail($"Only {lags.Count} results of {Results} came within {Patience}.");
        }

        lags.Sort();
        var waits = (proxy, settings) == (ProxyKind.HaProxy, ProxySettings.Defaults) && form != StreamForm.Grpc;
        Assert.True(
            lags[Results / 2] < (waits ? MostLagOfHaProxy : MostLag),
            $"The lags: {string.Join(", ", lags.Select(lag => lag.TotalMilliseconds))} ms.");

        IAsyncEnumerable<StreamRecord> Read(Route route) =>
            ResultStream.ReadAsync(route, form, me.Authorization, batch.Id, patience.Token);
    }

    // When the next result came.
    private static async Task<long> NextResultAsync(IAsyncEnumerator<StreamRecord> stream)
    {
        while (await stream.MoveNextAsync())
        {
            if (stream.Current.IsResult)
            {
                return TimeProvider.System.GetTimestamp();
            }
        }

        throw new InvalidOperationException("The stream ended before its last result.");
    }
}
