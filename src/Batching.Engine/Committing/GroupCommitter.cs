using System.Threading.Channels;
using Batching.Engine.Delivery;
using Batching.Engine.Scheduling;
using Batching.Engine.Storage;
using Batching.Engine.Upstreams;
using Batching.V1;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Committing;

/// <summary>
/// The one writer. Whatever is to be stored goes through it and is committed in groups: while one group is being
/// written, the next one gathers, so that a flush of the disk is shared by all who wait for it. Results get their
/// positions here. Thread-safe.
/// </summary>
/// <remarks>
/// While the store refuses changes, a group is committed in pieces: first what frees room, alone; then results, which
/// stay until they are stored; then the rest, which is refused where it doesn't fit.
/// </remarks>
internal sealed class GroupCommitter(
    IBatchStore store,
    ActiveBatches activeBatches,
    ResultReader results,
    BatchSignals signals,
    BatchMetrics metrics,
    StoreHealth health,
    IOptions<BatchEngineOptions> options,
    TimeProvider time,
    ILogger<GroupCommitter> logger) : IDisposable
{
    private const int MaxGroupItems = 4096;
    private const int MaxGroupBytes = 16 * 1024 * 1024;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    // With nothing to be stored, nothing tells that the store works again: then it is taken to after so long.
    private static readonly TimeSpan ForgetDelay = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LogInterval = TimeSpan.FromMinutes(1);

    private readonly ByteBudget _uncommitted = new(options.Value.Limits.UncommittedBytes);
    private readonly Channel<Item> _items = Channel.CreateBounded<Item>(
        new BoundedChannelOptions(2 * MaxGroupItems) { SingleReader = true });
    private readonly UnstoredResults _unstored = new(store.MaxPayloadBytes, time);
    private readonly TimeSpan _delay = options.Value.CommitDelay;
    private readonly CancellationTokenSource _giveUp = new();
    private volatile TaskCompletionSource _hurry = NewSignal();
    private long _lastAttempt;
    private long _lastRefusal;
    private long? _lastLog;
    private bool _isLogged;

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
            if (holdsPlace && health.IsFailing)
            {
                _uncommitted.AcquireAnyway(finished.Bytes);
            }
            else
            {
                var room = _uncommitted.AcquireAsync(finished.Bytes);
                if (!room.IsCompleted)
                {
                    Hurry();
                    await room.WaitAsync(_giveUp.Token);
                }
            }

            var item = new Item(finished, default);
            if (!_items.Writer.TryWrite(item))
            {
                Hurry();
                await _items.Writer.WriteAsync(item, _giveUp.Token);
            }

            if (!moreToCome)
            {
                Hurry();
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or ChannelClosedException)
        {
            finished.Reply.Dispose();
        }
    }

    /// <summary>Makes a change; it is durable when the task completes.</summary>
    /// <exception cref="StoreUnavailableException">It was not made.</exception>
    public async Task WriteAsync(StoreWrite write)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            await _items.Writer.WriteAsync(new Item(null, new PendingWrite(write, done)));
            Hurry();
        }
        catch (ChannelClosedException exception)
        {
            throw new StoreUnavailableException("The gateway is stopping.", exception);
        }

        await done.Task;
    }

    /// <summary>A store that fails from now on gets no second chance: the next start makes up for it.</summary>
    public void GiveUp() => _giveUp.Cancel();

    /// <summary>Takes nothing more; what was handed over is still committed.</summary>
    public void Complete()
    {
        _items.Writer.TryComplete();
        Hurry();
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
                while (!IsFull(group) && _items.Reader.TryRead(out var item))
                {
                    Add(item, group);
                }

                if (!health.IsFailing)
                {
                    if (await TryCommitAsync(group) is not { } failure)
                    {
                        // Those who were told are queued on this thread, and to put the next group together takes a while.
                        await Task.Yield();
                        continue;
                    }

                    Fail(failure, group.Count);
                }

                await CommitInPiecesAsync(group);
                if (_giveUp.IsCancellationRequested && health.IsFailing)
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
            FailAll(group.Writes, exception);
            FailWaiting(exception);
            throw;
        }
    }

    private static bool IsFull(CommitGroup group) => group.Count >= MaxGroupItems || group.Bytes >= MaxGroupBytes;

    private static void Add(Item item, CommitGroup group)
    {
        if (item.Finished is not { } finished)
        {
            group.Add(item.Pending);
            return;
        }

        group.Add(finished);
        foreach (var spawned in finished.Spawned)
        {
            spawned.Index = finished.Batch.AddSpawned(taken: spawned.RunsAtOnce || spawned.End is not null);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static void FailAll(IEnumerable<PendingWrite> writes, Exception failure)
    {
        foreach (var write in writes)
        {
            write.Done.TrySetException(failure);
        }
    }

    // Whoever is in a hurry has handed over what it waits for, so that it is there when the wait is over.
    private void Hurry() => _hurry.TrySetResult();

    // Until there is something to do: while the store fails that is also to try again. False at the end.
    private async Task<bool> WaitAsync()
    {
        if (!health.IsFailing)
        {
            return await _items.Reader.WaitToReadAsync();
        }

        var left = RetryDelay - time.GetElapsedTime(_lastAttempt);
        if (left > TimeSpan.Zero)
        {
            using var wait = CancellationTokenSource.CreateLinkedTokenSource(_giveUp.Token);
            var retry = Task.Delay(left, time, wait.Token);
            await Task.WhenAny(_items.Reader.WaitToReadAsync(wait.Token).AsTask(), retry);
            await wait.CancelAsync();
        }

        return true;
    }

    private async Task GatherAsync()
    {
        if (_delay > TimeSpan.Zero && !health.IsFailing)
        {
            await _hurry.Task.WaitAsync(_delay, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _hurry = NewSignal();
        }
    }

    private async Task CommitInPiecesAsync(CommitGroup group)
    {
        var freeing = group.Writes.Where(pending => pending.Write.FreesRoom).ToList();
        var failure = await CommitWritesAsync(freeing);
        var isDown = failure is { IsFull: false };

        // What was freed is for those who have waited longest.
        var isRetry = freeing.Count > 0 || _giveUp.IsCancellationRequested
            || time.GetElapsedTime(_lastAttempt) >= RetryDelay;
        if (isRetry)
        {
            _lastAttempt = time.GetTimestamp();
        }

        var finished = _unstored.Take(group.Results, isRetry && !isDown);
        if (!isDown && await CommitResultsAsync(finished) is { } resultsFailure)
        {
            failure = resultsFailure;
            isDown = !failure.IsFull;
        }
        else if (isDown)
        {
            _unstored.Put(finished);
        }

        var writes = group.Writes.Where(pending => !pending.Write.FreesRoom).ToList();
        if (isDown)
        {
            FailAll(writes, failure!);
        }
        else
        {
            failure = await CommitWritesAsync(writes) ?? failure;
        }

        _unstored.Mark();
        if (failure is not null)
        {
            Fail(failure, group.Count);
        }

        if (failure is null && _unstored.IsEmpty
            && (finished.Count + writes.Count > 0 || time.GetElapsedTime(_lastRefusal) >= ForgetDelay))
        {
            Recover();
        }
        else
        {
            // Released a while after they were parked only: they may be refused again at once.
            health.Hold(isDown || _uncommitted.IsUsedUp, release: isRetry);
        }
    }

    private async Task<StoreUnavailableException?> CommitWritesAsync(List<PendingWrite> writes)
    {
        var (failure, left) = await TryPiecesAsync(
            [.. writes.OrderBy(write => write.Bytes)], write => write.Bytes, (group, write) => group.Add(write));
        if (failure is not null)
        {
            FailAll(left, failure);
        }

        return failure;
    }

    // Those that don't fit stay, unless they never will.
    private async Task<StoreUnavailableException?> CommitResultsAsync(IReadOnlyList<FinishedRequest> finished)
    {
        var (failure, left) = await TryPiecesAsync(
            UnstoredResults.Sort(finished), result => result.Bytes, (group, result) => group.Add(result));
        if (failure is { IsFull: true })
        {
            (left, var released) = _unstored.EndHopeless(left);
            if (released > 0)
            {
                _uncommitted.Release(released);
                GroupCommitterLog.ResultsEnded(logger, released);
                (failure, left) = await TryPiecesAsync(
                    UnstoredResults.Sort(left), result => result.Bytes, (group, result) => group.Add(result));
            }
        }

        _unstored.Put(left);
        return failure;
    }

    // The smallest first, so that what fits goes through, and half as much at a time after each refusal: what of one
    // single item there is no room for, there is none for of any behind it.
    private async Task<(StoreUnavailableException? Failure, IReadOnlyList<T> Left)> TryPiecesAsync<T>(
        IReadOnlyList<T> items, Func<T, long> bytesOf, Action<CommitGroup, T> add)
    {
        long limit = MaxGroupBytes;
        var start = 0;
        while (start < items.Count)
        {
            var piece = new CommitGroup();
            long bytes = 0;
            var end = start;
            while (end < items.Count && end - start < MaxGroupItems
                && (end == start || bytes + bytesOf(items[end]) <= limit))
            {
                bytes += bytesOf(items[end]);
                add(piece, items[end++]);
            }

            if (await TryCommitAsync(piece) is not { } failure)
            {
                start = end;
            }
            else if (!failure.IsFull || end - start == 1)
            {
                return (failure, [.. items.Skip(start)]);
            }
            else
            {
                limit = bytes / 2;
            }
        }

        return (null, []);
    }

    // The gateway stops, and the store fails. That an unsafe request was answered is worth the little room that takes,
    // even without the answer: the next start would have to take it for interrupted.
    private async Task EndAsync()
    {
        _items.Writer.TryComplete();
        var group = new CommitGroup();
        while (_items.Reader.TryRead(out var item))
        {
            Add(item, group);
        }

        FailAll(group.Writes, new StoreUnavailableException("The gateway is stopping.", new IOException("The store fails.")));
        var ended = UnstoredResults.EndUnsafe(_unstored.Take(group.Results, all: true));
        await TryPiecesAsync(ended, result => result.Bytes, (piece, result) => piece.Add(result));
    }

    private void FailWaiting(Exception failure)
    {
        while (_items.Reader.TryRead(out var item))
        {
            item.Pending.Done?.TrySetException(failure);
        }
    }

    private void Fail(StoreUnavailableException failure, int count)
    {
        // Once an outage, not once an attempt; nor each time where there is room for some changes and for others not.
        var now = time.GetTimestamp();
        if (!health.IsFailing && (_lastLog is not { } last || time.GetElapsedTime(last, now) >= LogInterval))
        {
            _lastLog = now;
            _isLogged = true;
            GroupCommitterLog.CommitFailed(logger, count, failure);
        }

        _lastRefusal = now;
        health.Fail(time.GetUtcNow());
        _uncommitted.GrantAll();
    }

    private void Recover()
    {
        health.Recover();
        if (_isLogged)
        {
            _isLogged = false;
            GroupCommitterLog.CommitRecovered(logger);
        }
    }

    // Returns what went wrong.
    private async Task<StoreUnavailableException?> TryCommitAsync(CommitGroup group)
    {
        var appends = group.BuildAppends(time);
        var began = time.GetTimestamp();
        try
        {
            await store.CommitAsync(
                [.. group.Writes.Select(pending => pending.Write), .. appends.Select(append => append.Write)],
                CancellationToken.None);
        }
        catch (StoreUnavailableException exception)
        {
            return exception;
        }

        metrics.CountCommit(time.GetElapsedTime(began));
        foreach (var (batch, write) in appends)
        {
            var failed = write.Batch.Failed - batch.Record.Failed;
            metrics.CountResults(write.Batch.Finished - batch.Record.Finished - failed, failed);
            Publish(batch, write);
        }

        group.Complete();
        _uncommitted.Release(group.Bytes);
        return null;
    }

    private void Publish(ActiveBatch batch, StoreWrite.Append write)
    {
        foreach (var segment in write.Segments)
        {
            results.Add(batch.Key, segment);
        }

        batch.Record = write.Batch;
        if (write.Spawned.Count > 0)
        {
            batch.OnGrown();
        }

        if (write.Batch.DoneTime is not null)
        {
            activeBatches.Remove(batch.Key);
        }

        signals.Changed(batch.Key);
    }

    private readonly record struct Item(FinishedRequest? Finished, PendingWrite Pending);
}
