using System.Threading.Channels;
using Batching.Engine.Committing;
using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Running;
using Batching.Engine.Storage;
using Batching.Engine.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Webhooks;

/// <summary>
/// Sends what waits in the store, until it is delivered or given up. A message is deleted there, or noted as delivered, only after
/// its receiver has taken it: whatever happens in between, it is sent at least once.
/// </summary>
internal sealed class WebhookDispatcher(
    IBatchStore store,
    BatchIds ids,
    GroupCommitter committer,
    CommitPublisher publisher,
    StoreHealth health,
    MessageSender sender,
    RetryPlan plan,
    BatchMetrics metrics,
    IOptions<BatchEngineOptions> options,
    TimeProvider time,
    ILogger<WebhookDispatcher> logger) : ICommitSubscriber
{
    private const int PageSize = 256;

    // So many pages at a time, so that very many lanes that find no room don't keep the others waiting.
    private const int PagesPerLoad = 16;

    // In case that somebody else has written to the store.
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(30);

    // Where others do so all the time.
    private static readonly TimeSpan SharedPollInterval = TimeSpan.FromSeconds(1);

    private readonly SendingLanes _lanes = new(options.Value.Webhooks.Concurrency);
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private readonly List<Task> _sending = [];
    private WebhookLane _cursor = WebhookLane.First;
    private volatile bool _isNew = true;

    public void OnCommitted(StoreWrite write, ActiveBatch? batch)
    {
        if (write.Messages.Count > 0 || write is StoreWrite.Resend)
        {
            _isNew = true;
            Signal();
        }
    }

    /// <summary>Sends again and again until cancelled. What is under way then is cut off, and sent again after the next start.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        publisher.Subscribe(this);
        using var poll = new PeriodicTimer(store.Sharing is null ? PollInterval : SharedPollInterval, time);
        var tick = poll.WaitForNextTickAsync(cancellationToken).AsTask();
        try
        {
            DateTimeOffset? next = time.GetUtcNow();
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var canStore = !health.IsFailing;
                if (canStore)
                {
                    next = await LoadAsync(next, cancellationToken);
                    Begin(cancellationToken);
                }

                await RemoveEndedAsync();
                await WaitAsync(canStore ? next - time.GetUtcNow() : StoreRetry.Delay, tick, cancellationToken);
                if (tick.IsCompleted)
                {
                    _isNew = true;
                    tick = poll.WaitForNextTickAsync(cancellationToken).AsTask();
                }
            }
        }
        finally
        {
            await Task.WhenAll(_sending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Loads what is due, as far as there is room.</summary>
    /// <param name="next">When something was due next, the last time that this was asked.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>When something is due next; null if nothing waits.</returns>
    private async ValueTask<DateTimeOffset?> LoadAsync(DateTimeOffset? next, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (store.Sharing?.HasDuties == false)
        {
            return null;
        }

        if (!_lanes.TakeWish() && !_isNew && (next is null || now < next))
        {
            return next;
        }

        _isNew = false;
        try
        {
            var began = _cursor;
            for (var page = 0; page < PagesPerLoad && _lanes.Room > 0; page++)
            {
                var due = await store.Webhooks.ListDueMessagesAsync(now, _cursor, _lanes.PerLane, PageSize, cancellationToken);
                foreach (var message in due)
                {
                    _lanes.Add(message);
                }

                if (due.Count < PageSize)
                {
                    // The lanes in front of the one that this began with are still to be seen.
                    _isNew |= _cursor != WebhookLane.First && began != WebhookLane.First;
                    _cursor = WebhookLane.First;
                    break;
                }

                _cursor = new WebhookLane(due[^1].Owner, due[^1].Host);
            }

            if (_isNew || (_cursor != WebhookLane.First && _lanes.Room > 0))
            {
                _isNew = true;
                return now;
            }

            return await store.Webhooks.FindNextMessageTimeAsync(now, cancellationToken);
        }
        catch (StoreUnavailableException exception)
        {
            WebhookDispatcherLog.ReadFailed(logger, exception);
            return now + StoreRetry.Delay;
        }
    }

    private void Begin(CancellationToken cancellationToken)
    {
        while (_lanes.TryTake(out var message))
        {
            _sending.Add(Task.Run(() => SendAsync(message, cancellationToken), CancellationToken.None));
        }
    }

    private async Task SendAsync(WebhookMessage message, CancellationToken cancellationToken)
    {
        using var scope = ids.BeginScope(logger, message.BatchKey);
        AttemptResult result;
        try
        {
            result = await sender.SendAsync(message, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }
        catch (Exception exception)
        {
            // A bug, or an answer that nobody thought of. It must not be the end of other messages.
            WebhookDispatcherLog.AttemptBroke(logger, message.Host, exception);
            result = new AttemptResult(0, "The attempt was broken off.");
        }
        finally
        {
            _lanes.Release(message);
            Signal();
        }

        var noted = plan.After(message, result);
        metrics.CountWebhook(noted.State);
        Log(message, noted);
        if (await TryNoteAsync(noted, cancellationToken))
        {
            _lanes.Forget(message);
            Signal();
        }
    }

    // A message whose outcome can't be noted is not sent again meanwhile.
    private async Task<bool> TryNoteAsync(StoreWrite.NoteAttempt noted, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await committer.WriteAsync(noted);
                return true;
            }
            catch (StoreUnavailableException)
            {
                try
                {
                    await StoreRetry.WaitAsync(time, cancellationToken);
                }
                catch (OperationCanceledException)
                {
                    return false;
                }
            }
        }
    }

    private void Log(WebhookMessage message, StoreWrite.NoteAttempt noted)
    {
        var name = BatchEventNames.NameOf(message.Event);
        var attempt = message.Attempts + 1;
        switch (noted.State)
        {
            case WebhookState.Delivered:
                WebhookDispatcherLog.Delivered(logger, name, message.Host, attempt);
                break;
            case WebhookState.GivenUp:
                WebhookDispatcherLog.GivenUp(logger, name, message.Host, attempt, noted.Attempt.Error);
                break;
            default:
                WebhookDispatcherLog.AttemptFailed(logger, name, message.Host, attempt, noted.Attempt.Error, noted.NextTime);
                break;
        }
    }

    // A bug in one of them must not go unseen.
    private async ValueTask RemoveEndedAsync()
    {
        foreach (var ended in _sending.Where(task => task.IsCompleted).ToList())
        {
            await ended;
            _sending.Remove(ended);
        }
    }

    private void Signal() => _signal.Writer.TryWrite(true);

    // Until there is something new, an attempt has ended, or the time is over; no longer than to the next tick.
    private async ValueTask WaitAsync(TimeSpan? wait, Task tick, CancellationToken cancellationToken)
    {
        if (wait is null || wait > TimeSpan.Zero)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var signal = _signal.Reader.WaitToReadAsync(either.Token).AsTask();
            await (wait is { } left
                ? Task.WhenAny(signal, tick, Task.Delay(left < PollInterval ? left : PollInterval, time, either.Token))
                : Task.WhenAny(signal, tick));
            await either.CancelAsync();
        }

        _signal.Reader.TryRead(out _);
    }
}
