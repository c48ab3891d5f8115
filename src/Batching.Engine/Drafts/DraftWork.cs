using System.Collections.Concurrent;
using System.Threading.Channels;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Storage;
using Microsoft.Extensions.Logging;

namespace Batching.Engine.Drafts;

/// <summary>
/// Makes batches of drafts, some at a time and in turn over their owners; also of those that were not read to their end when the
/// gateway stopped, in whatever way it stopped. Thread-safe.
/// </summary>
internal sealed class DraftWork(
    DraftAcceptor acceptor, IEnumerable<IDraftStore> stores, TimeProvider time, ILogger<DraftWork> logger)
{
    // Drafts that are read at the same time. Each has some buffers, and one processor keeps pace with the disk.
    private const int Places = 2;

    private const int PageSize = 100;

    private static readonly TimeSpan SharedInterval = TimeSpan.FromSeconds(1);

    // Not every store has some.
    private readonly IDraftStore? _store = stores.FirstOrDefault();
    private readonly OwnerByteBudget _places = new(Places, share: 1, time);
    private readonly ConcurrentDictionary<long, OpenDraft> _open = new();
    private readonly Channel<OpenDraft> _begun =
        Channel.CreateUnbounded<OpenDraft>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>Notes a draft.</summary>
    public void Add(OpenDraft draft) => _open[draft.Key] = draft;

    /// <summary>Begins to read it.</summary>
    public void Begin(OpenDraft draft) => _begun.Writer.TryWrite(draft);

    /// <summary>Forgets it.</summary>
    public void Remove(OpenDraft draft)
    {
        _open.TryRemove(draft.Key, out _);
        draft.Dispose();
    }

    /// <summary>Stops reading a draft, and waits until that has ended.</summary>
    /// <returns>False if it is a batch now.</returns>
    public async ValueTask<bool> TryStopAsync(long key)
    {
        if (!_open.TryGetValue(key, out var draft))
        {
            return true;
        }

        var isStopped = draft.TryCancel();
        await draft.Ended;
        return isStopped;
    }

    /// <summary>Reads drafts as they come, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var running = new ConcurrentDictionary<OpenDraft, Task>();
        try
        {
            await foreach (var draft in _begun.Reader.ReadAllAsync(cancellationToken))
            {
                var task = Task.Run(() => RunAsync(draft, cancellationToken), CancellationToken.None);
                running[draft] = task;
                _ = task.ContinueWith(_ => running.TryRemove(draft, out var _), TaskScheduler.Default);
            }
        }
        finally
        {
            await Task.WhenAll(running.Values);
            foreach (var draft in _open.Values)
            {
                Remove(draft);
            }
        }
    }

    /// <summary>Takes up the drafts that were not read to their end. To be called when unfinished batches were taken up.</summary>
    /// <param name="beforeKey">Those from this number on were submitted since the start.</param>
    /// <param name="cancellationToken">Leaves the rest for the next start.</param>
    public async Task ResumeAsync(long beforeKey, CancellationToken cancellationToken)
    {
        var after = 0L;
        var count = PageSize;
        while (_store is not null && count == PageSize && after < beforeKey)
        {
            var drafts = await StoreRetry.ReadAsync(
                () => _store.ListOpenDraftsAsync(after, PageSize, cancellationToken), time, cancellationToken);
            foreach (var draft in drafts.Where(draft => draft.Key < beforeKey))
            {
                var open = new OpenDraft(draft.Key, draft.Owner, lease: null);
                Add(open);
                Begin(open);
            }

            count = drafts.Count;
            after = count == 0 ? after : drafts[^1].Key;
        }
    }

    /// <summary>Takes up the drafts of gateways that are dead, again and again until cancelled.</summary>
    public async Task ResumeAsync(ISharedWork sharing, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(SharedInterval, time);
        while (_store is not null && await timer.WaitForNextTickAsync(cancellationToken))
        {
            try
            {
                foreach (var draft in await sharing.ClaimDraftsAsync(PageSize, cancellationToken))
                {
                    var open = new OpenDraft(draft.Key, draft.Owner, lease: null);
                    Add(open);
                    Begin(open);
                }
            }
            catch (StoreUnavailableException exception)
            {
                DraftWorkLog.StoreFailed(logger, exception);
            }
        }
    }

    private async Task RunAsync(OpenDraft open, CancellationToken stopping)
    {
        using var place = _places.Open(open.Owner);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(open.Cancelling, stopping);
        try
        {
            await place.ReserveAsync(1, Timeout.InfiniteTimeSpan, either.Token);
            while (!await TryAcceptAsync(open, either.Token))
            {
                await StoreRetry.WaitAsync(time, either.Token);
            }
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            // The gateway goes on with it after its next start, unless it is cancelled.
        }
        catch (Exception exception)
        {
            // A bug must not keep the others from being read.
            DraftWorkLog.Failed(logger, exception);
        }
        finally
        {
            Remove(open);
        }
    }

    private async Task<bool> TryAcceptAsync(OpenDraft open, CancellationToken cancellationToken)
    {
        try
        {
            return await acceptor.TryAcceptAsync(_store!, open, cancellationToken);
        }
        catch (StoreUnavailableException exception)
        {
            DraftWorkLog.StoreFailed(logger, exception);
            return false;
        }
    }
}
