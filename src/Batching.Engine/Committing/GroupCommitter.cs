using System.Threading.Channels;
using Batching.Engine.Configuration;
using Batching.Engine.Storage;
using Batching.Engine.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Committing;

/// <summary>
/// The one writer. Whatever is to be stored goes through it and is committed in groups: while one group is being
/// written, the next one gathers, so that a flush of the disk is shared by all who wait for it. Thread-safe.
/// </summary>
internal sealed class GroupCommitter : IDisposable
{
    private readonly ByteBudget _uncommitted;
    private readonly Channel<Item> _items = Channel.CreateBounded<Item>(
        new BoundedChannelOptions(2 * CommitGroup.MaxItems) { SingleReader = true });
    private readonly GroupWriter _writer;
    private readonly StoreOutage _outage;
    private readonly StoreHealth _health;
    private readonly TimeProvider _time;
    private readonly TimeSpan _delay;
    private readonly CancellationTokenSource _giveUp = new();
    private volatile TaskCompletionSource _flushNow = NewSignal();

    public GroupCommitter(
        IBatchStore store,
        CommitPublisher publisher,
        BatchMetrics metrics,
        EventMessages events,
        StoreHealth health,
        IOptions<BatchEngineOptions> options,
        TimeProvider time,
        ILogger<GroupCommitter> logger)
    {
        _health = health;
        _time = time;
        _delay = options.Value.CommitDelay;
        _uncommitted = new ByteBudget(options.Value.Limits.UncommittedBytes);
        _writer = new GroupWriter(store, publisher, metrics, events, _uncommitted, time);
        _outage = new StoreOutage(
            _writer, new UnstoredResults(store.MaxPayloadBytes, time), _uncommitted, health, time, logger);
    }

    /// <summary>
    /// Hands over a result. Waits while too much is uncommitted, not for the commit. After <see cref="GiveUp"/> the
    /// result is dropped.
    /// </summary>
    /// <param name="finished">The result.</param>
    /// <param name="moreToCome">Others of its batch will follow soon, which it may wait for.</param>
    /// <param name="holdsPlace">
    /// The caller keeps others from calling its upstream: it does not wait for a store that fails, which
    /// <see cref="StoreHealth"/> keeps it from adding more to.
    /// </param>
    public async ValueTask AddAsync(FinishedRequest finished, bool moreToCome = false, bool holdsPlace = false)
    {
        try
        {
            if (holdsPlace && _health.IsFailing)
            {
                _uncommitted.AcquireAnyway(finished.Bytes);
            }
            else
            {
                var room = _uncommitted.AcquireAsync(finished.Bytes);
                if (!room.IsCompleted)
                {
                    FlushNow();
                    await room.WaitAsync(_giveUp.Token);
                }
            }

            finished.Reply.HandOver();
            var item = new Item(finished, default, null);
            if (!_items.Writer.TryWrite(item))
            {
                FlushNow();
                await _items.Writer.WriteAsync(item, _giveUp.Token);
            }

            if (!moreToCome)
            {
                FlushNow();
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or ChannelClosedException)
        {
            finished.Release();
        }
    }

    /// <summary>Makes a change; it is durable when the task completes.</summary>
    /// <exception cref="StoreUnavailableException">It was not made.</exception>
    public async Task WriteAsync(StoreWrite write)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            await _items.Writer.WriteAsync(new Item(null, new PendingWrite(write, done), null));
            FlushNow();
        }
        catch (ChannelClosedException exception)
        {
            throw new StoreUnavailableException("The gateway is stopping.", exception);
        }

        await done.Task;
    }

    /// <summary>
    /// Appends to an open batch, or seals it. When the task completes it is durable, or <see cref="PendingAppend.Outcome"/> says why not.
    /// </summary>
    /// <exception cref="StoreUnavailableException">Nothing was changed.</exception>
    public async Task AppendAsync(PendingAppend append)
    {
        try
        {
            await _items.Writer.WriteAsync(new Item(null, default, append));
            FlushNow();
        }
        catch (ChannelClosedException exception)
        {
            throw new StoreUnavailableException("The gateway is stopping.", exception);
        }

        await append.Done.Task;
    }

    /// <summary>A store that fails from now on gets no second chance: the next start makes up for it.</summary>
    public void GiveUp() => _giveUp.Cancel();

    /// <summary>Takes nothing more; what was handed over is still committed.</summary>
    public void Complete()
    {
        _items.Writer.TryComplete();
        FlushNow();
        GiveUp();
    }

    public void Dispose() => _giveUp.Dispose();

    /// <summary>Commits until <see cref="Complete"/> is called and everything is stored.</summary>
    public async Task RunAsync()
    {
        var group = new CommitGroup();
        try
        {
            while (await WaitAsync())
            {
                await GatherAsync();
                group = new CommitGroup();
                while (!group.IsFull && _items.Reader.TryRead(out var item))
                {
                    Add(item, group);
                }

                if (!_health.IsFailing)
                {
                    if (await _writer.TryCommitAsync(group) is not { } failure)
                    {
                        // Those who were told are queued on this thread, and to put the next group together takes a while.
                        await Task.Yield();
                        continue;
                    }

                    _outage.Begin(failure, group.Count);
                }

                group.FailAppends(Unavailable());
                await _outage.CommitAsync(group, isLastTry: _giveUp.IsCancellationRequested);
                if (_giveUp.IsCancellationRequested && _health.IsFailing)
                {
                    await EndAsync();
                    return;
                }
            }
        }
        catch (Exception exception)
        {
            // A bug: it would fail again and again. Nobody must wait for what will never be stored.
            Complete();
            PendingWrite.FailAll(group.Writes, exception);
            group.FailAppends(exception);
            FailWaiting(exception);
            throw;
        }
    }

    private static void Add(Item item, CommitGroup group)
    {
        if (item.Append is { } append)
        {
            group.Add(append);
            return;
        }

        if (item.Finished is not { } finished)
        {
            group.Add(item.Pending);
            return;
        }

        group.Add(finished);
        foreach (var spawned in finished.Spawned)
        {
            spawned.Index = finished.Batch.Requests.Add(claimed: spawned.RunsAtOnce || spawned.End is not null);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static StoreUnavailableException Unavailable() =>
        new("The store takes no requests at the moment.", new IOException("Changes are refused."));

    // Whoever is in a hurry has handed over what it waits for, so that it is there when the wait is over.
    private void FlushNow() => _flushNow.TrySetResult();

    // Until there is something to do: while the store fails that is also to try again. False at the end.
    private async Task<bool> WaitAsync()
    {
        if (!_health.IsFailing)
        {
            return await _items.Reader.WaitToReadAsync();
        }

        var left = _outage.UntilRetry;
        if (left > TimeSpan.Zero)
        {
            using var wait = CancellationTokenSource.CreateLinkedTokenSource(_giveUp.Token);
            var retry = Task.Delay(left, _time, wait.Token);
            await Task.WhenAny(_items.Reader.WaitToReadAsync(wait.Token).AsTask(), retry);
            await wait.CancelAsync();
        }

        return true;
    }

    private async Task GatherAsync()
    {
        if (_delay > TimeSpan.Zero && !_health.IsFailing)
        {
            await _flushNow.Task.WaitAsync(_delay, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _flushNow = NewSignal();
        }
    }

    private async Task EndAsync()
    {
        _items.Writer.TryComplete();
        var group = new CommitGroup();
        while (_items.Reader.TryRead(out var item))
        {
            Add(item, group);
        }

        group.FailAppends(Unavailable());
        await _outage.StopAsync(group);
    }

    private void FailWaiting(Exception failure)
    {
        while (_items.Reader.TryRead(out var item))
        {
            item.Pending.Done?.TrySetException(failure);
            item.Append?.Done.TrySetException(failure);
        }
    }

    private readonly record struct Item(FinishedRequest? Finished, PendingWrite Pending, PendingAppend? Append);
}
