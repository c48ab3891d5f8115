using System.Diagnostics;
using System.Globalization;
using Batching.Engine.Configuration;
using Batching.Engine.Dependencies;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Storage;
using Batching.V1;

namespace Batching.Engine.Submission;

/// <summary>
/// One batch on its way in. What has arrived is checked and staged in the store bit by bit, so that no more than two
/// bits are in memory, which are charged to its owner. What is staged and not accepted in the end is deleted. Not thread-safe.
/// </summary>
internal sealed class Upload(
    QuotaLease lease,
    MemoryBudgets budgets,
    string owner,
    RequestValidator validator,
    BatchAcceptor acceptor,
    Staging staging,
    LimitOptions limits) : IAsyncDisposable
{
    private readonly List<Problem> _problems = [];
    private readonly RequestWindowBuilder _windows = new(firstIndex: 0);
    private readonly DependencyBuilder _dependencies = new();
    private readonly ByteLease _memory = budgets.Receiving.Open(owner);
    private Task _staging = Task.CompletedTask;
    private long _gathered;
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

        // Keys and dependencies are kept to the end of the upload.
        var most = DependencyBuilder.MostBytesOf(requests);
        var before = _dependencies.Bytes;
        if (!await TryHoldAsync(most, cancellationToken))
        {
            return budgets.RefuseReceiving();
        }

        using (await budgets.Work.TakeAsync(owner, bytes, cancellationToken))
        {
            _problemCount += validator.Validate(requests, _count, _dependencies, _problems);
        }

        _memory.Release(Math.Max(0, most - (_dependencies.Bytes - before)));

        _count += requests.Count;
        if (_problems.Count > 0)
        {
            // It is refused in any case; what still comes is read only to name its problems too.
            return _problems.Count == RequestValidator.MaxProblems
                ? new Refusal.Invalid(
                    _problems, _problemCount, isComplete: false, maxBytes: Refusal.Invalid.MaxEarlyBytes)
                : null;
        }

        if (await lease.GrowAsync(requests.Count, bytes, cancellationToken) is { } refusal)
        {
            return refusal;
        }

        if (!await TryHoldAsync(bytes, cancellationToken))
        {
            return budgets.RefuseReceiving();
        }

        _gathered += bytes;
        foreach (var request in requests)
        {
            _spawners += request.Spawner ? 1 : 0;
            RequestDefinition.Sanitize(request);
            _windows.Add(request);
            if (_windows.ClosedBytes >= Staging.BitBytes)
            {
                await StageAsync(cancellationToken);
            }
        }

        return null;
    }

    /// <summary>Accepts the batch: everything has arrived.</summary>
    /// <param name="caller">Whose it is.</param>
    /// <param name="submission">The activity of the upload; null if nobody listens.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    /// <exception cref="StoreUnavailableException">It is not accepted.</exception>
    public async ValueTask<Outcome<BatchRecord>> AcceptAsync(
        Caller caller, Activity? submission, CancellationToken cancellationToken)
    {
        if (_count == 0)
        {
            return new Refusal.Invalid("requests", "must hold at least one request");
        }

        _problemCount += _dependencies.FindUnknown(_problems, RequestValidator.MaxProblems);
        if (_problems.Count > 0)
        {
            return new Refusal.Invalid(_problems, _problemCount);
        }

        await _staging;
        if (_dependencies.Build(
            _count, owner, budgets, static index => string.Create(CultureInfo.InvariantCulture, $"requests[{index}]"), out var graph) is { } refusal)
        {
            return refusal;
        }

        try
        {
            var record = await acceptor.AcceptAsync(
                caller, _count, _spawners, _windows.TakeAll(), _stagedKey, graph, _dependencies.Edges, submission, cancellationToken);
            _stagedKey = null;
            return record;
        }
        catch
        {
            graph?.Dispose();
            throw;
        }
    }

    /// <summary>Deletes what was staged, unless it was accepted. Waits for that, but not for a store that fails.</summary>
    public async ValueTask DisposeAsync()
    {
        await _staging.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _memory.Dispose();
        if (_stagedKey is { } key)
        {
            await staging.DeleteAsync(key);
        }
    }

    private async ValueTask<bool> TryHoldAsync(long bytes, CancellationToken cancellationToken)
    {
        if (bytes == 0 || _memory.TryReserve(bytes))
        {
            return true;
        }

        // Who waits for room gives back first what it can.
        if (_windows.ClosedBytes > 0)
        {
            await StageAsync(cancellationToken);
            await _staging;
        }

        return await _memory.ReserveAsync(bytes, limits.UploadIdleTime, cancellationToken);
    }

    // One bit is being stored while the next one gathers.
    private async ValueTask StageAsync(CancellationToken cancellationToken)
    {
        _stagedKey ??= await acceptor.ReserveAsync(cancellationToken);
        await _staging;
        cancellationToken.ThrowIfCancellationRequested();
        var bytes = Math.Min(_gathered, _windows.ClosedBytes);
        _gathered -= bytes;
        _staging = StageAsync(_stagedKey.Value, _windows.TakeClosed(), bytes);
    }

    private async Task StageAsync(long key, IReadOnlyList<RequestWindow> windows, long bytes)
    {
        try
        {
            await staging.AddAsync(owner, key, windows);
        }
        finally
        {
            _memory.Release(bytes);
        }
    }
}
