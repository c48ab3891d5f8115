using Batching.Engine.Committing;
using Batching.Engine.Delivery;
using Batching.Engine.Drafts;
using Batching.Engine.Lifecycle;
using Batching.Engine.Scheduling;
using Batching.Engine.Storage;
using Batching.Engine.Telemetry;
using Batching.Engine.Webhooks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Batching.Engine.Hosting;

/// <summary>
/// Starts and stops the engine. The store is held before the first call is accepted; requests begin to run once the
/// server listens. While another gateway holds the store this one stands by: the server listens and refuses all calls. When it
/// stops, calls have ended, and requests in flight still have the grace time.
/// </summary>
internal sealed class BatchEngineHost(
    IBatchStore store,
    BatchIds ids,
    IEnumerable<IHoldStart> starts,
    GroupCommitter committer,
    RequestLoader loader,
    Scheduler scheduler,
    Recovery recovery,
    DelayedStarts delayed,
    SharedRunner shared,
    ExpirySweeper sweeper,
    DraftWork drafts,
    DeliveryTracker deliveries,
    SharedDeliveries sharedDeliveries,
    StoreSampler sampler,
    WebhookSecrets webhookSecrets,
    WebhookDispatcher webhooks,
    ServingState state,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<BatchEngineHost> logger) : IHostedLifecycleService, IDisposable
{
    // How long after the grace time a store may take for the last results.
    private static readonly TimeSpan CommitGrace = TimeSpan.FromSeconds(2);

    // How often a standby asks whether the store is free.
    private static readonly TimeSpan StandByInterval = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _background = [];
    private CancellationTokenRegistration _lost;
    private Task _standingBy = Task.CompletedTask;
    private Task _committing = Task.CompletedTask;
    private long _firstOwnKey;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await store.OpenAsync(cancellationToken);
        if (await store.TryAcquireAsync(cancellationToken))
        {
            await BeginAsync(cancellationToken);
        }
        else
        {
            BatchEngineHostLog.StandingBy(logger);
        }
    }

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        if (state.IsActive)
        {
            Run();
        }
        else
        {
            _standingBy = RunAsync(StandByAsync);
        }

        return Task.CompletedTask;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _standingBy;
        if (state.IsActive)
        {
            await deliveries.BeginStopAsync();
            await scheduler.BeginStopAsync();
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (!state.IsActive)
        {
            return;
        }

        // The grace time is over at its end, or when all of the stop has taken too long.
        using var cut = cancellationToken.UnsafeRegister(static host => ((BatchEngineHost)host!).Cut(), this);
        var work = Task.WhenAll([scheduler.StopAsync(), .. _background]);
        await work.WaitAsync(scheduler.Aborting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            await work.WaitAsync(CommitGrace, time, CancellationToken.None);
        }
        catch (TimeoutException)
        {
            committer.GiveUp();
            store.GiveUp();
            await work;
        }

        await deliveries.StopAsync();
        await sharedDeliveries.StopAsync();
        committer.Complete();
        await _committing;
        await _lost.DisposeAsync();
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _stopping.Dispose();

    // The store is held: from now on nobody else changes it.
    private async Task BeginAsync(CancellationToken cancellationToken)
    {
        await ids.OpenAsync(cancellationToken);
        await webhookSecrets.OpenAsync(cancellationToken);
        foreach (var start in starts)
        {
            await start.StartAsync(cancellationToken);
        }

        _firstOwnKey = await ids.ReserveAsync(1, cancellationToken);
        _committing = RunAsync(committer.RunAsync);
        state.IsActive = true;
        _lost = store.Hold.Lost.UnsafeRegister(static host => Task.Run(((BatchEngineHost)host!).Lose), this);
    }

    private void Run()
    {
        scheduler.Start();
        _background.Add(RunAsync(() => loader.RunAsync(_stopping.Token)));
        if (store.Sharing is { } sharing)
        {
            _background.Add(RunAsync(() => shared.RunAsync(sharing, _stopping.Token)));
            _background.Add(RunAsync(() => drafts.ResumeAsync(sharing, _stopping.Token)));
        }
        else
        {
            var now = time.GetUtcNow();
            _background.Add(RunAsync(() => TakeUpAsync(now)));
            _background.Add(RunAsync(() => delayed.RunAsync(now, _stopping.Token)));
        }

        _background.Add(RunAsync(() => drafts.RunAsync(_stopping.Token)));
        _background.Add(RunAsync(() => sweeper.RunAsync(_stopping.Token)));
        _background.Add(RunAsync(() => sampler.RunAsync(_stopping.Token)));
        _background.Add(RunAsync(() => webhooks.RunAsync(_stopping.Token)));
    }

    // A batch that a draft becomes before the others were taken up would be taken up with them.
    private async Task TakeUpAsync(DateTimeOffset now)
    {
        await recovery.RunAsync(_firstOwnKey, now, _stopping.Token);
        await drafts.ResumeAsync(_firstOwnKey, _stopping.Token);
    }

    private async Task StandByAsync()
    {
        var isHeld = false;
        var isFailing = false;
        while (true)
        {
            await Task.Delay(StandByInterval, time, _stopping.Token);
            try
            {
                isHeld = isHeld || await store.TryAcquireAsync(_stopping.Token);
                if (isHeld)
                {
                    await BeginAsync(_stopping.Token);
                    Run();
                    BatchEngineHostLog.TookOver(logger);
                    return;
                }

                isFailing = false;
            }
            catch (StoreUnavailableException exception)
            {
                // Once a fault, not once an attempt.
                if (!isFailing)
                {
                    isFailing = true;
                    BatchEngineHostLog.StandByFailed(logger, exception);
                }
            }
        }
    }

    private void Cut()
    {
        scheduler.Abort();
        store.GiveUp();
    }

    // Nothing that is held here is true any more, and no part of it can be mended: the process ends, as after a crash.
    private void Lose()
    {
        BatchEngineHostLog.StoreLost(logger);
        scheduler.Abort();
        committer.GiveUp();
        store.GiveUp();
        lifetime.StopApplication();
    }

    // What runs for as long as the gateway must not end before it: a gateway without it would accept what it never runs.
    private async Task RunAsync(Func<Task> work)
    {
        try
        {
            await Task.Run(work);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
        }
        catch (Exception exception)
        {
            state.HasFailed = true;
            BatchEngineHostLog.BackgroundFailed(logger, exception);
            lifetime.StopApplication();
        }
    }
}
