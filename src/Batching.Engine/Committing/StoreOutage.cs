using Batching.Engine.Storage;
using Microsoft.Extensions.Logging;

namespace Batching.Engine.Committing;

/// <summary>
/// Commits while the store refuses changes. A group is committed in pieces: first what frees room, alone; then results,
/// which stay until they are stored; then the rest, which is refused where it doesn't fit. Not thread-safe.
/// </summary>
/// <param name="writer">Commits a piece.</param>
/// <param name="unstored">Where results wait.</param>
/// <param name="uncommitted">The room that they take.</param>
/// <param name="health">Told that the store fails, and that it works again.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Told the same.</param>
internal sealed class StoreOutage(
    GroupWriter writer,
    UnstoredResults unstored,
    ByteBudget uncommitted,
    StoreHealth health,
    TimeProvider time,
    ILogger logger)
{
    // With nothing to be stored, nothing tells that the store works again: then it is taken to after so long.
    private static readonly TimeSpan ForgetDelay = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LogInterval = TimeSpan.FromMinutes(1);

    private long _lastAttempt;
    private long _lastRefusal;
    private long? _lastLog;
    private bool _isLogged;

    /// <summary>The time until results that were refused are tried again.</summary>
    public TimeSpan UntilRetry => StoreRetry.Delay - time.GetElapsedTime(_lastAttempt);

    /// <summary>A group was refused.</summary>
    /// <param name="failure">Why.</param>
    /// <param name="count">How many changes.</param>
    public void Begin(StoreUnavailableException failure, int count)
    {
        // Once an outage, not once an attempt; nor each time where there is room for some changes and for others not.
        var now = time.GetTimestamp();
        if (!health.IsFailing && (_lastLog is not { } last || time.GetElapsedTime(last, now) >= LogInterval))
        {
            _lastLog = now;
            _isLogged = true;
            StoreOutageLog.CommitFailed(logger, count, failure);
        }

        _lastRefusal = now;
        health.Fail(time.GetUtcNow());
        uncommitted.GrantAll();
    }

    /// <summary>Commits what there is room for, and ends the outage if that is everything.</summary>
    /// <param name="group">What there is to be stored.</param>
    /// <param name="isLastTry">Results that were refused are tried again whenever that was.</param>
    public async Task CommitAsync(CommitGroup group, bool isLastTry)
    {
        var freeing = group.Writes.Where(pending => pending.Write.FreesRoom).ToList();
        var failure = await CommitWritesAsync(freeing);
        var isDown = failure is { IsFull: false };

        // What was freed is for those who have waited longest.
        var isRetry = freeing.Count > 0 || isLastTry || UntilRetry <= TimeSpan.Zero;
        if (isRetry)
        {
            _lastAttempt = time.GetTimestamp();
        }

        var finished = unstored.Take(group.Results, isRetry && !isDown);
        if (!isDown && await CommitResultsAsync(finished) is { } resultsFailure)
        {
            failure = resultsFailure;
            isDown = !failure.IsFull;
        }
        else if (isDown)
        {
            unstored.Put(finished);
        }

        var writes = group.Writes.Where(pending => !pending.Write.FreesRoom).ToList();
        if (isDown)
        {
            PendingWrite.FailAll(writes, failure!);
        }
        else
        {
            failure = await CommitWritesAsync(writes) ?? failure;
        }

        unstored.Mark();
        if (failure is not null)
        {
            Begin(failure, group.Count);
        }

        if (failure is null && unstored.IsEmpty
            && (finished.Count + writes.Count > 0 || time.GetElapsedTime(_lastRefusal) >= ForgetDelay))
        {
            End();
        }
        else
        {
            // Released a while after they were parked only: they may be refused again at once.
            health.Hold(isDown || uncommitted.IsUsedUp, release: isRetry);
        }
    }

    /// <summary>
    /// The gateway stops, and the store fails. That an unsafe request was answered is worth the little room that takes, even
    /// without the answer: the next start would have to take it for interrupted.
    /// </summary>
    /// <param name="group">What was still to be stored.</param>
    public async Task StopAsync(CommitGroup group)
    {
        PendingWrite.FailAll(
            group.Writes, new StoreUnavailableException("The gateway is stopping.", new IOException("The store fails.")));
        var ended = UnstoredResults.EndUnsafe(unstored.Take(group.Results, all: true));
        await TryPiecesAsync(ended, result => result.Bytes, (piece, result) => piece.Add(result));
    }

    private void End()
    {
        health.Recover();
        if (_isLogged)
        {
            _isLogged = false;
            StoreOutageLog.CommitRecovered(logger);
        }
    }

    private async Task<StoreUnavailableException?> CommitWritesAsync(List<PendingWrite> writes)
    {
        var (failure, left) = await TryPiecesAsync(
            [.. writes.OrderBy(write => write.Bytes)], write => write.Bytes, (group, write) => group.Add(write));
        if (failure is not null)
        {
            PendingWrite.FailAll(left, failure);
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
            (left, var released) = unstored.EndHopeless(left);
            if (released > 0)
            {
                uncommitted.Release(released);
                StoreOutageLog.ResultsEnded(logger, released);
                (failure, left) = await TryPiecesAsync(
                    UnstoredResults.Sort(left), result => result.Bytes, (group, result) => group.Add(result));
            }
        }

        unstored.Put(left);
        return failure;
    }

    // The smallest first, so that what fits goes through, and half as much at a time after each refusal: what of one
    // single item there is no room for, there is none for of any behind it.
    private async Task<(StoreUnavailableException? Failure, IReadOnlyList<T> Left)> TryPiecesAsync<T>(
        IReadOnlyList<T> items, Func<T, long> bytesOf, Action<CommitGroup, T> add)
    {
        long limit = CommitGroup.MaxBytes;
        var start = 0;
        while (start < items.Count)
        {
            var piece = new CommitGroup();
            long bytes = 0;
            var end = start;
            while (end < items.Count && end - start < CommitGroup.MaxItems
                && (end == start || bytes + bytesOf(items[end]) <= limit))
            {
                bytes += bytesOf(items[end]);
                add(piece, items[end++]);
            }

            if (await writer.TryCommitAsync(piece) is not { } failure)
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
}
