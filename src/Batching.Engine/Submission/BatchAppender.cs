using Batching.Engine.Committing;
using Batching.Engine.Configuration;
using Batching.Engine.Delivery;
using Batching.Engine.Dependencies;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Running;
using Batching.Engine.Storage;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Submission;

/// <summary>Appends requests to open batches. Thread-safe.</summary>
public sealed class BatchAppender
{
    private readonly BatchFinder _finder;
    private readonly RequestValidator _validator;
    private readonly OwnerQuotas _quotas;
    private readonly BatchIds _ids;
    private readonly BatchAcceptor _acceptor;
    private readonly ActiveBatches _activeBatches;
    private readonly GroupCommitter _committer;
    private readonly SubmissionReplies _replies;
    private readonly WorkTurns _work;
    private readonly LimitOptions _limits;

    internal BatchAppender(
        BatchFinder finder,
        RequestValidator validator,
        OwnerQuotas quotas,
        BatchIds ids,
        BatchAcceptor acceptor,
        ActiveBatches activeBatches,
        GroupCommitter committer,
        SubmissionReplies replies,
        MemoryBudgets budgets,
        IOptions<BatchEngineOptions> options)
    {
        _finder = finder;
        _validator = validator;
        _quotas = quotas;
        _ids = ids;
        _acceptor = acceptor;
        _activeBatches = activeBatches;
        _committer = committer;
        _replies = replies;
        _work = budgets.Work;
        _limits = options.Value.Limits;
    }

    /// <summary>
    /// Appends requests, all of them or none. They are durable when this returns, and about to run. The last append, made again with its
    /// offset, is the answer as it is now.
    /// </summary>
    /// <param name="caller">Whose batch it is.</param>
    /// <param name="batchId">The batch.</param>
    /// <param name="offset">How many requests the batch was given before; null for behind whatever is there.</param>
    /// <param name="requests">
    /// The requests; only the caller's fields are read. They are changed: in the end they are those of the answer.
    /// </param>
    /// <param name="known">Problems found before; nothing is appended if there are any.</param>
    /// <param name="maxBytes">Bytes that the answer may take as a message; <see cref="long.MaxValue"/> if it is not sent as one.</param>
    /// <param name="cancellationToken">Gives up before anything is stored.</param>
    /// <returns>The batch with the requests that were appended; without any, if they would not fit.</returns>
    /// <exception cref="StoreUnavailableException">Nothing was appended.</exception>
    public async ValueTask<Outcome<Batch>> AppendAsync(
        Caller caller,
        string batchId,
        long? offset,
        IReadOnlyList<Request> requests,
        IReadOnlyList<Problem> known,
        long maxBytes,
        CancellationToken cancellationToken)
    {
        var found = await _finder.FindAsync(caller, batchId, cancellationToken);
        if (!found.Succeeded)
        {
            return found.Refusal;
        }

        var (windows, hash, refusal) = await EncodeAsync(caller, offset, requests, known, cancellationToken);
        if (refusal is not null)
        {
            return refusal;
        }

        var record = found.Value;
        var bytes = windows.Sum(window => (long)window.Data.Length);

        // Before the quotas are asked: what was appended before may be what they are used up by.
        if (record.Appends is { } state && state.IsLast(offset, requests.Count, hash))
        {
            return await _replies.ShowAsync(record, requests, state.LastIndex, bytes, maxBytes, cancellationToken);
        }

        if (!record.IsOpen)
        {
            return RefuseSealed(batchId);
        }

        if (!_activeBatches.TryGet(record.Key, out var batch))
        {
            return new Refusal.Unavailable("The gateway has just started, and takes up its batches. Nothing was appended; try again.");
        }

        var lease = await _quotas.ReserveAsync(caller.Owner, batches: 0, requests.Count, bytes, cancellationToken);
        if (!lease.Succeeded)
        {
            return lease.Refusal;
        }

        using var held = lease.Value;
        await batch.Numbers.AddAsync(requests.Count, _ids);
        cancellationToken.ThrowIfCancellationRequested();
        var append = new PendingAppend(batch)
        {
            Windows = windows,
            Offset = offset,
            Hash = hash,
            OpenUntil = _acceptor.Now() + _limits.OpenBatchIdle,
            MaxRequests = _limits.RequestsPerUpload,
            MaxBytes = _limits.UploadBytes,
        };
        await _committer.AppendAsync(append);
        return append.Outcome switch
        {
            AppendOutcome.Done => _replies.Show(append.Record, requests, append.FirstIndex, bytes, maxBytes),
            AppendOutcome.Repeated => await _replies.ShowAsync(
                append.Record, requests, append.FirstIndex, bytes, maxBytes, cancellationToken),
            AppendOutcome.WrongOffset => new Refusal.WrongOffset(append.Record.Appends!.Requests),
            AppendOutcome.TooMany => new Refusal.Invalid(
                "requests",
                $"would be more than {_limits.RequestsPerUpload} in the batch ({OptionKey.Of<LimitOptions>(nameof(LimitOptions.RequestsPerUpload))})"),
            AppendOutcome.TooLarge => new Refusal.Invalid(
                "requests",
                $"would have more than {_limits.UploadBytes} bytes in the batch ({OptionKey.Of<LimitOptions>(nameof(LimitOptions.UploadBytes))})"),
            _ => RefuseSealed(batchId),
        };
    }

    private static Refusal.Sealed RefuseSealed(string batchId) =>
        new($"Batch {batchId} takes no more requests: it was not submitted as open, or is sealed, cancelled or over.");

    private async ValueTask<(IReadOnlyList<RequestWindow> Windows, string Hash, Refusal? Refusal)> EncodeAsync(
        Caller caller,
        long? offset,
        IReadOnlyList<Request> requests,
        IReadOnlyList<Problem> known,
        CancellationToken cancellationToken)
    {
        var problems = known.ToList();
        if (offset < 0)
        {
            problems.Add(new Problem("offset", "must not be negative"));
        }

        // How many pages each spawner of a batch may have is settled when it is accepted.
        for (var i = 0; i < requests.Count && problems.Count < RequestValidator.MaxProblems; i++)
        {
            if (requests[i].Spawner)
            {
                problems.Add(new Problem($"requests[{i}].spawner", "can't be appended: submit it with the batch, or as one of its own"));
            }

            // What depends on what is settled then, too: nobody keeps the keys of a batch that runs.
            if (requests[i].HasKey)
            {
                problems.Add(new Problem($"requests[{i}].key", "can't be appended: requests with a key are submitted with the batch"));
            }

            if (requests[i].DependsOn.Count > 0)
            {
                problems.Add(new Problem(
                    $"requests[{i}].depends_on", "can't be appended: requests that depend on others are submitted with the batch"));
            }

            if (requests[i].References || requests[i].ForEach is not null)
            {
                problems.Add(new Problem(
                    $"requests[{i}].{(requests[i].References ? "references" : "for_each")}",
                    "can't be appended: requests that are made of results are submitted with the batch"));
            }
        }

        using var turn = await _work.TakeAsync(
            caller.Owner, requests.Sum(static request => (long)request.CalculateSize()), cancellationToken);
        if (_validator.Check(requests, problems, new DependencyBuilder()) is { } refusal)
        {
            return ([], "", refusal);
        }

        using var hash = new ContentHash();
        var now = _acceptor.Now().ToTimestamp();
        foreach (var request in requests)
        {
            RequestDefinition.Sanitize(request);
            hash.Add(request);
            request.CreateTime = now;
        }

        var windows = RequestWindow.Encode(requests, firstIndex: 0);
        foreach (var request in requests)
        {
            RequestDefinition.StripForReply(request);
        }

        return (windows, hash.Finish(SubmissionTerms.None), null);
    }
}
