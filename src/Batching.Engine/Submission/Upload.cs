using System.Diagnostics;
using System.Globalization;
using Batching.Engine.Configuration;
using Batching.Engine.Dependencies;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.References;
using Batching.Engine.Storage;
using Batching.Engine.Webhooks;
using Batching.V1;

namespace Batching.Engine.Submission;

/// <summary>
/// One batch on its way in. What has arrived is checked and staged in the store bit by bit, so that no more than two
/// bits are in memory, which are charged to its owner. What is staged and not accepted in the end is deleted. Not thread-safe.
/// </summary>
/// <param name="lease">What it takes of its owner's quotas.</param>
/// <param name="receivers">Decides which URLs may be told of it.</param>
/// <param name="budgets">What it takes of memory.</param>
/// <param name="owner">Whose it is.</param>
/// <param name="validator">Checks its requests.</param>
/// <param name="acceptor">Accepts it.</param>
/// <param name="staging">Stages it.</param>
/// <param name="hash">Is given its content; null if nobody asks for it.</param>
/// <param name="isRepeat">It was accepted before: nothing is kept of it but the hash.</param>
/// <param name="limits">What it may have.</param>
/// <param name="retention">How far ahead it may start.</param>
internal sealed class Upload(
    QuotaLease lease,
    ReceiverRules receivers,
    MemoryBudgets budgets,
    string owner,
    RequestValidator validator,
    BatchAcceptor acceptor,
    Staging staging,
    ContentHash? hash,
    bool isRepeat,
    LimitOptions limits,
    RetentionOptions retention,
    (long Key, int Staged)? draft = null) : IAsyncDisposable
{
    private readonly List<Problem> _problems = [];

    // Of a draft the first requests may be staged already.
    private readonly RequestWindowBuilder _windows = new(draft?.Staged ?? 0);
    private readonly DependencyBuilder _dependencies = new();
    private readonly ByteLease _memory = budgets.Receiving.Open(owner);
    private Task _staging = Task.CompletedTask;
    private long _gathered;
    private long? _stagedKey = draft?.Key;
    private long _bytes;
    private int _count;
    private int _problemCount;
    private int _spawners;
    private Schedule? _schedule;
    private WebhookTarget? _notify;

    /// <summary>The terms of the batch as a whole, without its key.</summary>
    public SubmissionTerms Terms { get; private set; } = SubmissionTerms.None;

    /// <summary>Reads what the first message says of the batch as a whole; of others nothing is read.</summary>
    /// <returns>Why the upload can't go on; null if it can.</returns>
    public async ValueTask<Refusal?> ReadTermsAsync(UploadBatchRequest message, CancellationToken cancellationToken)
    {
        if (_schedule is not null)
        {
            return null;
        }

        Terms = SubmissionTerms.Of(message, idempotencyKey: null);
        var problems = new List<Problem>();
        _schedule = Schedule.Read(Terms, acceptor.Now(), retention, acceptor.MayBeOpen, problems);
        if (isRepeat)
        {
            // The times of a batch that is there may be past, and its receiver is told of it already.
            return null;
        }

        (_notify, var refusal) = await receivers.ReadAsync(owner, Terms.Notify, problems, cancellationToken);
        return problems.Count > 0 ? new Refusal.Invalid(problems)
            : refusal ?? (_notify is null ? null : await lease.GrowAsync(0, _notify.StoredBytes, cancellationToken));
    }

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
        var most = DependencyBuilder.MostBytesOf(requests, RequestTemplate.MostReferences);
        var held = _dependencies.Bytes;
        if (!await TryHoldAsync(most, cancellationToken))
        {
            return budgets.RefuseReceiving();
        }

        using (await budgets.Work.TakeAsync(owner, requests.Count, bytes, cancellationToken))
        {
            _problemCount += validator.Validate(requests, _count, _dependencies, _problems);
        }

        _memory.Release(Math.Max(0, most - (_dependencies.Bytes - held)));

        var before = _count;
        _count += requests.Count;
        if (_problems.Count > 0)
        {
            // It is refused in any case; what still comes is read only to name its problems too.
            return _problems.Count == RequestValidator.MaxProblems
                ? new Refusal.Invalid(
                    _problems, _problemCount, isComplete: false, maxBytes: Refusal.Invalid.MaxEarlyBytes)
                : null;
        }

        if (isRepeat)
        {
            foreach (var request in requests)
            {
                RequestDefinition.Sanitize(request);
                hash!.Add(request);
            }

            return null;
        }

        if (await lease.GrowAsync(requests.Count, bytes, cancellationToken) is { } refusal)
        {
            return refusal;
        }

        if (before < draft?.Staged)
        {
            requests = [.. requests.Skip(draft.Value.Staged - before)];
            bytes = requests.Sum(request => (long)request.CalculateSize());
        }

        if (!await TryHoldAsync(bytes, cancellationToken))
        {
            return budgets.RefuseReceiving();
        }

        _gathered += bytes;
        for (var next = 0; next < requests.Count;)
        {
            using (await budgets.Work.TakeAsync(owner, requests.Count, bytes, cancellationToken))
            {
                for (; next < requests.Count && _windows.ClosedBytes < Staging.BitBytes; next++)
                {
                    _spawners += requests[next].Spawner ? 1 : 0;
                    RequestDefinition.Sanitize(requests[next]);
                    hash?.Add(requests[next]);
                    _windows.Add(requests[next]);
                }
            }

            if (_windows.ClosedBytes >= Staging.BitBytes)
            {
                await StageAsync(cancellationToken);
            }
        }

        return null;
    }

    /// <summary>Adds a request that can't be read. What still comes is read only to name its problems too.</summary>
    /// <returns>Why the upload can't go on; null if it can.</returns>
    public Refusal? AddBad(Problem problem)
    {
        _count++;
        _problemCount++;
        _problems.Add(problem);
        return _problems.Count < RequestValidator.MaxProblems
            ? null
            : new Refusal.Invalid(_problems, _problemCount, isComplete: false, maxBytes: int.MaxValue);
    }

    /// <summary>Finds why the batch is refused now that everything has arrived; null if nothing is wrong with it.</summary>
    /// <param name="maxBytes">Bytes that its problems may take: those of a draft are stored, not sent.</param>
    public Refusal.Invalid? Check(int maxBytes = Refusal.Invalid.MaxBytes)
    {
        if (_count == 0)
        {
            return new Refusal.Invalid("requests", "must hold at least one request");
        }

        _problemCount += _dependencies.FindUnknown(_problems, RequestValidator.MaxProblems);
        return _problems.Count > 0 ? new Refusal.Invalid(_problems, _problemCount, maxBytes: maxBytes) : null;
    }

    /// <summary>Accepts the batch: everything has arrived, and <see cref="Check"/> has found nothing.</summary>
    /// <param name="caller">Whose it is.</param>
    /// <param name="key">What it is recognised by if it is submitted again; null for nothing.</param>
    /// <param name="terms">The terms of a dialect; null for those of every batch.</param>
    /// <param name="submission">The activity of the upload; null if nobody listens.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    /// <exception cref="StoreUnavailableException">It is not accepted.</exception>
    /// <exception cref="SubmissionKeyTakenException">It is not accepted: there is one with its key.</exception>
    public async ValueTask<Outcome<BatchRecord>> AcceptAsync(
        Caller caller, SubmissionKey? key, BatchTerms? terms, Activity? submission, CancellationToken cancellationToken)
    {
        await _staging;
        if (_dependencies.Build(
            _count, owner, budgets, static index => string.Create(CultureInfo.InvariantCulture, $"requests[{index}]"), out var graph) is { } refusal)
        {
            return refusal;
        }

        try
        {
            var batch = new CheckedBatch(_count, _spawners, _windows.TakeAll())
            {
                StagedKey = _stagedKey,
                Schedule = _schedule ?? Schedule.AtOnce,
                Notify = _notify,
                Key = key,
                Terms = terms,
                Dependencies = graph,
                Edges = _dependencies.Edges,
            };
            var record = await acceptor.AcceptAsync(caller, batch, submission, cancellationToken);
            _stagedKey = null;
            return record;
        }
        catch
        {
            graph?.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Deletes what was staged, unless it was accepted, or belongs to a draft, which may go on with it. Waits for that, but not for
    /// a store that fails.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        await _staging.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _memory.Dispose();
        if (_stagedKey is { } key && draft is null)
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
