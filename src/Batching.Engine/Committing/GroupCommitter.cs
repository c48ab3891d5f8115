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
internal sealed class GroupCommitter(
    IBatchStore store,
    ActiveBatches activeBatches,
    ResultReader results,
    BatchSignals signals,
    BatchMetrics metrics,
    IOptions<BatchEngineOptions> options,
    TimeProvider time,
    ILogger<GroupCommitter> logger) : IDisposable
{
    private const int MaxGroupItems = 4096;
    private const int MaxGroupBytes = 16 * 1024 * 1024;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    // While nothing is handed over nothing is tried, and whoever asks for the health may be the one that hands over nothing.
    private static readonly TimeSpan FailureMemory = TimeSpan.FromSeconds(10);

    private readonly ByteBudget _uncommitted = new(options.Value.Limits.UncommittedBytes);
    private readonly Channel<Item> _items = Channel.CreateBounded<Item>(
        new BoundedChannelOptions(2 * MaxGroupItems) { SingleReader = true });
    private readonly TimeSpan _delay = options.Value.CommitDelay;
    private readonly CancellationTokenSource _giveUp = new();
    private volatile TaskCompletionSource _hurry = NewSignal();
    private volatile bool _failing;
    private long _failedAt;

    /// <summary>Whether the last attempt to store something failed, unless that is longer ago than 10 s.</summary>
    public bool IsFailing => _failing && time.GetElapsedTime(Volatile.Read(ref _failedAt)) < FailureMemory;

    /// <summary>
    /// Hands over a result. Waits while too much is uncommitted, not for the commit. After <see cref="GiveUp"/> the
    /// result is dropped.
    /// </summary>
    /// <param name="finished">The result.</param>
    /// <param name="moreToCome">Others of its batch will follow soon, which it may wait for.</param>
    public async ValueTask AddAsync(FinishedRequest finished, bool moreToCome = false)
    {
        try
        {
            var room = _uncommitted.AcquireAsync(finished.Bytes);
            if (!room.IsCompleted)
            {
                Hurry();
                await room.WaitAsync(_giveUp.Token);
            }

            var item = new Item(finished, null, null);
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
            await _items.Writer.WriteAsync(new Item(null, write, done));
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
            while (!group.IsEmpty || await _items.Reader.WaitToReadAsync())
            {
                await GatherAsync();
                while (!IsFull(group) && _items.Reader.TryRead(out var item))
                {
                    Add(item, group);
                }

                if (await TryCommitAsync(group) is not { } failure)
                {
                    group = new CommitGroup();

                    // Those who were told are queued on this thread, and to put the next group together takes a while.
                    await Task.Yield();
                    continue;
                }

                if (_giveUp.IsCancellationRequested)
                {
                    _items.Writer.TryComplete();
                }

                FailWaiting(group, failure);
                if (_giveUp.IsCancellationRequested)
                {
                    return;
                }

                // Results stay until they can be stored: they exist nowhere else.
                await Task.Delay(RetryDelay, time, _giveUp.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        catch (Exception exception)
        {
            // A bug: it would fail again and again. Nobody must wait for what will never be stored.
            Complete();
            FailWaiting(group, exception);
            throw;
        }
    }

    private static bool IsFull(CommitGroup group) => group.Count >= MaxGroupItems || group.Bytes >= MaxGroupBytes;

    private static void Add(Item item, CommitGroup group)
    {
        if (item.Finished is { } finished)
        {
            group.Add(finished);
        }
        else
        {
            group.Add(item.Write!, item.Done!);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Whoever is in a hurry has handed over what it waits for, so that it is there when the wait is over.
    private void Hurry() => _hurry.TrySetResult();

    private async Task GatherAsync()
    {
        if (_delay > TimeSpan.Zero)
        {
            await _hurry.Task.WaitAsync(_delay, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _hurry = NewSignal();
        }
    }

    // Those who wait behind the results are told too; the budget bounds how many results that takes in.
    private void FailWaiting(CommitGroup group, Exception failure)
    {
        while (_items.Reader.TryRead(out var item))
        {
            Add(item, group);
        }

        group.FailWrites(failure);
    }

    // Returns what went wrong.
    private async Task<Exception?> TryCommitAsync(CommitGroup group)
    {
        var appends = group.BuildAppends(time);
        var began = time.GetTimestamp();
        try
        {
            await store.CommitAsync([.. group.Writes, .. appends.Select(append => append.Write)], CancellationToken.None);
        }
        catch (StoreUnavailableException exception)
        {
            Volatile.Write(ref _failedAt, time.GetTimestamp());
            if (!_failing)
            {
                // Once an outage, not once an attempt.
                _failing = true;
                GroupCommitterLog.CommitFailed(logger, group.Count, exception);
            }

            return exception;
        }

        metrics.CountCommit(time.GetElapsedTime(began));
        if (_failing)
        {
            _failing = false;
            GroupCommitterLog.CommitRecovered(logger);
        }

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

    private readonly record struct Item(FinishedRequest? Finished, StoreWrite? Write, TaskCompletionSource? Done);
}
