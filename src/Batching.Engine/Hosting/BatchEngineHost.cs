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
/// Starts and stops the engine. The store is open before the first call is accepted; requests begin to run once the
/// server listens. When it stops, calls have ended, and requests in flight still have the grace time.
/// </summary>
internal sealed class BatchEngineHost(
    IBatchStore store,
    BatchIds ids,
    GroupCommitter committer,
    RequestLoader loader,
    Scheduler scheduler,
    Recovery recovery,
    DelayedStarts delayed,
    ExpirySweeper sweeper,
    DraftWork drafts,
    DeliveryTracker deliveries,
    StoreSampler sampler,
    WebhookSecrets webhookSecrets,
    WebhookDispatcher webhooks,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<BatchEngineHost> logger) : IHostedLifecycleService, IDisposable
{
    // How long after the grace time a store may take for the last results.
    private static readonly TimeSpan CommitGrace = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _background = [];
    private Task _committing = Task.CompletedTask;
    private long _firstOwnKey;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await store.OpenAsync(cancellationToken);
        await ids.OpenAsync(cancellationToken);
        await webhookSecrets.OpenAsync(cancellationToken);
        _firstOwnKey = await ids.ReserveAsync(1, cancellationToken);
        _committing = RunAsync(committer.RunAsync);
    }

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        scheduler.Start();
        _background.Add(RunAsync(() => loader.RunAsync(_stopping.Token)));
        var now = time.GetUtcNow();
        _background.Add(RunAsync(() => TakeUpAsync(now)));
        _background.Add(RunAsync(() => delayed.RunAsync(now, _stopping.Token)));
        _background.Add(RunAsync(() => drafts.RunAsync(_stopping.Token)));
        _background.Add(RunAsync(() => sweeper.RunAsync(_stopping.Token)));
        _background.Add(RunAsync(() => sampler.RunAsync(_stopping.Token)));
        _background.Add(RunAsync(() => webhooks.RunAsync(_stopping.Token)));
        return Task.CompletedTask;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await deliveries.BeginStopAsync();
        await scheduler.BeginStopAsync();
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        // The grace time is over at its end, or when all of the stop has taken too long.
        using var cut = cancellationToken.UnsafeRegister(static scheduler => ((Scheduler)scheduler!).Abort(), scheduler);
        var work = Task.WhenAll([scheduler.StopAsync(), .. _background]);
        await work.WaitAsync(scheduler.Aborting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            await work.WaitAsync(CommitGrace, time, CancellationToken.None);
        }
        catch (TimeoutException)
        {
            committer.GiveUp();
            await work;
        }

        await deliveries.StopAsync();
        committer.Complete();
        await _committing;
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _stopping.Dispose();

    // A batch that a draft becomes before the others were taken up would be taken up with them.
    private async Task TakeUpAsync(DateTimeOffset now)
    {
        await recovery.RunAsync(_firstOwnKey, now, _stopping.Token);
        await drafts.ResumeAsync(_firstOwnKey, _stopping.Token);
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
            BatchEngineHostLog.BackgroundFailed(logger, exception);
            lifetime.StopApplication();
        }
    }
}
