using System.Collections.Concurrent;
using Batching.Engine.Committing;
using Batching.Engine.Model;
using Batching.Engine.Storage;

namespace Batching.Engine.Delivery;

/// <summary>
/// Keeps what is on its way to clients where several gateways deliver: in the store, so that none hands out what is on its way from
/// another one. Thread-safe.
/// </summary>
internal sealed class SharedDeliveries(IBatchStore store, GroupCommitter committer, TimeProvider time) : IDeliveryKeeper, IDisposable
{
    // As with ReceivedMarks: a reply that was written completely is lost with the process a moment later.
    private static readonly TimeSpan ReceiveDelay = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<Task, bool> _settling = new();

    // What of a delivery of everything was reserved when it was written.
    private readonly System.Runtime.CompilerServices.ConditionalWeakTable<Delivery, List<(int First, int Last)>> _written = [];

    /// <summary>Whether several gateways deliver.</summary>
    public bool AreUsed => store.Sharing is not null;

    private ISharedWork Sharing => store.Sharing!;

    /// <summary>Takes the first run of results that nobody has received or is receiving.</summary>
    /// <param name="record">The batch.</param>
    /// <param name="most">At most so many.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    /// <returns>The run, null if there is none, and what else is on its way.</returns>
    public async ValueTask<(Delivery? Taken, SharedDelivery State)> TakeAsync(
        BatchRecord record, int most, CancellationToken cancellationToken)
    {
        var reserved = await Sharing.ReserveResultsAsync(record.Key, most, cancellationToken);
        if (reserved.First == 0)
        {
            return (null, reserved);
        }

        var ledger = new DeliveryLedger(reserved.First - 1);
        return (new Delivery(this, record, ledger, ledger.TryClaim(reserved.Last)!), reserved);
    }

    /// <summary>The position up to which the client has everything, as far as it is known.</summary>
    public async ValueTask<int> WrittenOfAsync(BatchRecord record, CancellationToken cancellationToken) =>
        (await Sharing.ReserveResultsAsync(record.Key, most: 0, cancellationToken)).Written;

    /// <summary>Begins to deliver everything up to a position, to whoever else it is on the way.</summary>
    public Delivery UpTo(BatchRecord record, int position) => new(this, record, position);

    /// <summary>Everything up to a position was received. It is stored when this returns: the next call may come to another gateway.</summary>
    /// <exception cref="StoreUnavailableException">It is not.</exception>
    public async ValueTask ReceiveUpToAsync(BatchRecord record, int position)
    {
        if (position > record.Received)
        {
            await committer.WriteAsync(new StoreWrite.MoveReceivedMark(record.Key, position));
        }
    }

    /// <summary>Settles everything now, and from now on without delay: the replies have ended in order.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_settling.Keys).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc/>
    public void Shorten(Delivery delivery, int last)
    {
        var (first, before) = (delivery.First, delivery.Last);
        if (last < before)
        {
            delivery.ShortenUnderLock(last);
            Follow(delivery, () => SettleAsync(delivery, first, last, last < first ? DeliveryOutcome.Free : DeliveryOutcome.OnTheWay));
        }
    }

    /// <inheritdoc/>
    public void Write(Delivery delivery)
    {
        if (delivery.Everything is { } position)
        {
            Follow(delivery, () => WriteUpToAsync(delivery, position));
        }
        else
        {
            Follow(delivery, () => SettleAsync(delivery, delivery.First, delivery.Last, DeliveryOutcome.Written));
        }
    }

    /// <inheritdoc/>
    public void Complete(Delivery delivery, bool received)
    {
        if (!delivery.TryComplete())
        {
            return;
        }

        Follow(delivery, async () =>
        {
            if (received)
            {
                await Task.Delay(ReceiveDelay, time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            var outcome = received ? DeliveryOutcome.Received : DeliveryOutcome.Free;
            if (delivery.Everything is not { } position)
            {
                await SettleAsync(delivery, delivery.First, delivery.Last, outcome);
                return;
            }

            if (received)
            {
                await RetryAsync(() => new ValueTask(
                    committer.WriteAsync(new StoreWrite.MoveReceivedMark(delivery.Record.Key, position))));
            }

            foreach (var (first, last) in _written.GetOrCreateValue(delivery))
            {
                await SettleAsync(delivery, first, last, outcome);
            }
        });
    }

    public void Dispose() => _stopping.Dispose();

    // What nobody else delivers is kept from being handed out until it is known whether this has arrived.
    private Task WriteUpToAsync(Delivery delivery, int position) => RetryAsync(async () =>
    {
        var written = _written.GetOrCreateValue(delivery);
        while (true)
        {
            var reserved = await Sharing.ReserveResultsAsync(delivery.Record.Key, position, CancellationToken.None);
            if (reserved.First == 0)
            {
                return;
            }

            if (reserved.First > position)
            {
                await Sharing.SettleResultsAsync(delivery.Record.Key, reserved.First, reserved.Last, DeliveryOutcome.Free);
                return;
            }

            var last = Math.Min(reserved.Last, position);
            written.Add((reserved.First, last));
            await Sharing.SettleResultsAsync(delivery.Record.Key, reserved.First, last, DeliveryOutcome.Written);
        }
    });

    private Task SettleAsync(Delivery delivery, int first, int last, DeliveryOutcome outcome) =>
        RetryAsync(() => Sharing.SettleResultsAsync(delivery.Record.Key, first, last, outcome));

    // Until it is done or this gateway ends: what it has reserved is free then.
    private async Task RetryAsync(Func<ValueTask> settle)
    {
        while (true)
        {
            try
            {
                await settle();
                return;
            }
            catch (StoreUnavailableException) when (!store.Hold.IsLost && !_stopping.IsCancellationRequested)
            {
                await StoreRetry.WaitAsync(time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (StoreUnavailableException)
            {
                return;
            }
        }
    }

    // One after the other for each delivery, and nobody waits for it.
    private void Follow(Delivery delivery, Func<Task> next)
    {
        Task task;
        lock (delivery)
        {
            task = FollowAsync(delivery.Settling, next);
            delivery.Settling = task;
        }

        if (!task.IsCompleted)
        {
            _settling[task] = true;
            _ = task.ContinueWith(ended => _settling.TryRemove(ended, out _), TaskScheduler.Default);
        }
    }

    private static async Task FollowAsync(Task before, Func<Task> next)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await next();
    }
}
