using Batching.Engine.Committing;
using Batching.Engine.Quotas;
using Batching.Engine.Scheduling;
using Batching.Engine.Storage;
using Batching.V1;
using Microsoft.Extensions.Logging;

namespace Batching.Engine.Submission;

/// <summary>
/// One batch on its way in. What has arrived is checked and staged in the store bit by bit, so that no more than two
/// bits are in memory. What is staged and not accepted in the end is deleted. Not thread-safe.
/// </summary>
internal sealed class Upload(
    QuotaLease lease,
    RequestValidator validator,
    BatchAcceptor acceptor,
    GroupCommitter committer,
    Scheduler scheduler,
    LimitOptions limits,
    TimeProvider time,
    ILogger logger) : IAsyncDisposable
{
    // A bit is worth its share of a commit, and thousands of them together are no burden. An upload below it is
    // stored by its acceptance alone, like any other batch.
    private const int StageBytes = 1024 * 1024;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly List<Problem> _problems = [];
    private readonly RequestWindowBuilder _windows = new(firstIndex: 0);
    private Task _staging = Task.CompletedTask;
    private long? _stagedKey;
    private long _bytes;
    private int _count;
    private int _problemCount;
    private int _spawners;

    /// <summary>
    /// Adds the next requests, which are changed on the way. Waits while the store is behind, which keeps the client from
    /// sending more.
    /// </summary>
    /// <returns>Why the upload can't go on; null if it can.</returns>
    /// <exception cref="StoreUnavailableException">The upload can't go on.</exception>
    public async ValueTask<Refusal?> AddAsync(IReadOnlyList<Request> requests, CancellationToken cancellationToken)
    {
        if (requests.Count > limits.RequestsPerUpload - _count)
        {
            return new Refusal.Invalid("requests", $"are more than {limits.RequestsPerUpload}, the limit of an upload");
        }

        var bytes = requests.Sum(request => (long)request.CalculateSize());
        _bytes += bytes;
        if (_bytes > limits.UploadBytes)
        {
            return new Refusal.Invalid("requests", $"have more than {limits.UploadBytes} bytes, the limit of an upload");
        }

        _problemCount += validator.Validate(requests, _count, _problems);
        _count += requests.Count;
        if (_problems.Count > 0)
        {
            // It is refused in any case; what still comes is read only to name its problems too.
            return _problems.Count == RequestValidator.MaxProblems
                ? new Refusal.Invalid(_problems, _problemCount, isComplete: false)
                : null;
        }

        if (await lease.GrowAsync(requests.Count, bytes, cancellationToken) is { } refusal)
        {
            return refusal;
        }

        foreach (var request in requests)
        {
            _spawners += request.Spawner ? 1 : 0;
            RequestDefinition.Normalize(request);
            _windows.Add(request);
            if (_windows.ClosedBytes >= StageBytes)
            {
                await StageAsync(cancellationToken);
            }
        }

        return null;
    }

    /// <summary>Accepts the batch: everything has arrived.</summary>
    /// <exception cref="StoreUnavailableException">It is not accepted.</exception>
    public async ValueTask<Answer<BatchRecord>> AcceptAsync(Caller caller, CancellationToken cancellationToken)
    {
        if (_count == 0)
        {
            return new Refusal.Invalid("requests", "must hold at least one request");
        }

        if (_problems.Count > 0)
        {
            return new Refusal.Invalid(_problems, _problemCount);
        }

        await _staging;
        var record = await acceptor.AcceptAsync(
            caller, _count, _spawners, _windows.TakeAll(), _stagedKey, cancellationToken);
        _stagedKey = null;
        return record;
    }

    /// <summary>Deletes what was staged, unless it was accepted. Waits for that, but not for a store that fails.</summary>
    public async ValueTask DisposeAsync()
    {
        await _staging.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_stagedKey is { } key && !await TryDeleteAsync(key))
        {
            UploadLog.DeleteFailed(logger);
            _ = DeleteLaterAsync(key);
        }
    }

    // One bit is being stored while the next one gathers.
    private async ValueTask StageAsync(CancellationToken cancellationToken)
    {
        _stagedKey ??= await acceptor.ReserveAsync(limits.RequestsPerUpload, cancellationToken);
        await _staging;
        cancellationToken.ThrowIfCancellationRequested();
        _staging = committer.WriteAsync(new StoreWrite.Stage(_stagedKey.Value, _windows.TakeClosed()));
    }

    private async Task<bool> TryDeleteAsync(long key)
    {
        try
        {
            await committer.WriteAsync(new StoreWrite.Delete(key));
            return true;
        }
        catch (StoreUnavailableException)
        {
            return false;
        }
    }

    // Nobody sees it meanwhile, and the next start would delete it too.
    private async Task DeleteLaterAsync(long key)
    {
        do
        {
            await Task.Delay(RetryDelay, time, scheduler.Stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        while (!scheduler.Stopping.IsCancellationRequested && !await TryDeleteAsync(key));
    }
}
