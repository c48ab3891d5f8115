using System.Diagnostics;
using Batching.Engine.Configuration;
using Batching.Engine.Content;
using Batching.Engine.Delivery;
using Batching.Engine.Dependencies;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Storage;
using Batching.Engine.Telemetry;
using Batching.Engine.Webhooks;
using Batching.V1;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Submission;

/// <summary>Accepts batches. Thread-safe.</summary>
public sealed class BatchSubmitter
{
    // What a request has in a reply beside what was stored of it: two ids, times, index, state, and of a result position, status and size.
    private const long AddedBytes = 160;

    private readonly RequestValidator _validator;
    private readonly ReceiverRules _receivers;
    private readonly OwnerQuotas _quotas;
    private readonly BatchAcceptor _acceptor;
    private readonly SubmissionKeys _keys;
    private readonly IBatchStore _store;
    private readonly BatchViews _views;
    private readonly MemoryBudgets _budgets;
    private readonly LimitOptions _limits;
    private readonly RetentionOptions _retention;

    internal BatchSubmitter(
        RequestValidator validator,
        ReceiverRules receivers,
        OwnerQuotas quotas,
        BatchAcceptor acceptor,
        SubmissionKeys keys,
        IBatchStore store,
        BatchViews views,
        MemoryBudgets budgets,
        IOptions<BatchEngineOptions> options)
    {
        _validator = validator;
        _receivers = receivers;
        _quotas = quotas;
        _acceptor = acceptor;
        _keys = keys;
        _store = store;
        _views = views;
        _budgets = budgets;
        _limits = options.Value.Limits;
        _retention = options.Value.Retention;
    }

    /// <summary>The same without terms, and with an answer that is one message.</summary>
    /// <inheritdoc cref="SubmitAsync(Caller, SubmissionTerms, IReadOnlyList{Request}, IReadOnlyList{Problem}, long, CancellationToken)"/>
    public ValueTask<Outcome<Batch>> SubmitAsync(
        Caller caller,
        IReadOnlyList<Request> requests,
        IReadOnlyList<Problem> known,
        CancellationToken cancellationToken) =>
        SubmitAsync(caller, SubmissionTerms.None, requests, known, _limits.MessageBytes, cancellationToken);

    /// <summary>
    /// Accepts a batch or refuses it whole. An accepted batch is durable when this returns, and its requests are
    /// about to run. One that was accepted before with the same key is the answer as it is now.
    /// </summary>
    /// <param name="caller">Who submits it.</param>
    /// <param name="terms">What is said of it as a whole.</param>
    /// <param name="requests">
    /// Its requests; only the caller's fields are read. They are changed: in the end they are those of the answer.
    /// </param>
    /// <param name="known">Problems found before, for example when JSON was read; the batch is refused if there are any.</param>
    /// <param name="maxBytes">
    /// Bytes that the answer may take as a message; <see cref="long.MaxValue"/> if it is not sent as one.
    /// </param>
    /// <param name="cancellationToken">Gives up before anything is stored.</param>
    /// <returns>The batch with all its requests in the order given; without any, if they would not fit.</returns>
    /// <exception cref="StoreUnavailableException">Nothing was stored.</exception>
    public ValueTask<Outcome<Batch>> SubmitAsync(
        Caller caller,
        SubmissionTerms terms,
        IReadOnlyList<Request> requests,
        IReadOnlyList<Problem> known,
        long maxBytes,
        CancellationToken cancellationToken) =>
        BatchActivities.AreWanted
            ? SubmitRecordedAsync(caller, terms, requests, known, maxBytes, cancellationToken)
            : SubmitAsync(caller, terms, requests, known, maxBytes, submission: null, cancellationToken);

    private async ValueTask<Outcome<Batch>> SubmitRecordedAsync(
        Caller caller,
        SubmissionTerms terms,
        IReadOnlyList<Request> requests,
        IReadOnlyList<Problem> known,
        long maxBytes,
        CancellationToken cancellationToken)
    {
        using var submission = BatchActivities.StartSubmission(BatchActivities.SubmitName, caller.Client);
        return await submission.WatchAsync(
            SubmitAsync(caller, terms, requests, known, maxBytes, submission, cancellationToken));
    }

    private async ValueTask<Outcome<Batch>> SubmitAsync(
        Caller caller,
        SubmissionTerms terms,
        IReadOnlyList<Request> requests,
        IReadOnlyList<Problem> known,
        long maxBytes,
        Activity? submission,
        CancellationToken cancellationToken)
    {
        var problems = new List<Problem>();
        var schedule = Schedule.Read(terms, _acceptor.Now(), _retention, problems);
        var (target, refused) = await _receivers.ReadAsync(caller.Owner, terms.Notify, problems, cancellationToken);

        // The times of a batch that is there may be past, and its receiver is told of it already.
        if (await _keys.HasAsync(caller.Owner, terms.IdempotencyKey, cancellationToken))
        {
            problems.Clear();
        }
        else if (problems.Count == 0 && refused is not null)
        {
            return refused;
        }

        var encoded = await EncodeAsync(caller, terms, requests, [.. problems, .. known], cancellationToken);
        if (!encoded.Succeeded)
        {
            return encoded.Refusal;
        }

        var batch = encoded.Value with { Schedule = schedule, Notify = target };
        var isAccepted = false;
        try
        {
            var storedBytes = batch.Windows.Sum(window => (long)window.Data.Length) + (target?.StoredBytes ?? 0);

            // Before the quotas are asked: the batch that is there may be what they are used up by.
            if (await _keys.FindAsync(caller.Owner, batch.Key, cancellationToken) is { } before)
            {
                return await ShowAsync(before, requests, storedBytes, maxBytes, cancellationToken);
            }

            var lease = await _quotas.ReserveAsync(
                caller.Owner,
                batches: 1,
                requests.Count,
                storedBytes,
                cancellationToken);
            if (!lease.Succeeded)
            {
                return lease.Refusal;
            }

            using var held = lease.Value;
            BatchRecord record;
            try
            {
                record = await _acceptor.AcceptAsync(caller, batch, submission, cancellationToken);
                isAccepted = true;
            }
            catch (SubmissionKeyTakenException)
            {
                // The same submission, made at the same time, was faster.
                var other = await _keys.FindOtherAsync(caller.Owner, batch.Key, cancellationToken);
                return await ShowAsync(other, requests, storedBytes, maxBytes, cancellationToken);
            }

            var views = _views.Of(record, RequestFields.All);
            for (var i = 0; i < requests.Count; i++)
            {
                views.AddAccepted(requests[i], i);
            }

            return ToBatch(record, requests, storedBytes, maxBytes);
        }
        finally
        {
            if (!isAccepted)
            {
                batch.Dependencies?.Dispose();
            }
        }
    }

    // The requests are those that were submitted before: their content is the same.
    private async ValueTask<Outcome<Batch>> ShowAsync(
        Outcome<BatchRecord> before,
        IReadOnlyList<Request> requests,
        long storedBytes,
        long maxBytes,
        CancellationToken cancellationToken)
    {
        if (!before.Succeeded)
        {
            return before.Refusal;
        }

        var record = before.Value;
        var results = await ResultIndex.ReadAsync(
            _store, record, [.. Enumerable.Range(0, requests.Count)], cancellationToken);
        var views = _views.Of(record, RequestFields.Progress | RequestFields.SpawnedBy | RequestFields.CreateTime);
        for (var i = 0; i < requests.Count; i++)
        {
            if (results.TryGetValue(i, out var result))
            {
                views.AddFinished(requests[i], result.Segment, result.Position);
            }
            else
            {
                views.AddAccepted(requests[i], i);
            }
        }

        return ToBatch(record, requests, storedBytes, maxBytes);
    }

    private Batch ToBatch(BatchRecord record, IReadOnlyList<Request> requests, long storedBytes, long maxBytes)
    {
        var batch = _views.ToFullBatch(record);
        batch.Requests.AddRange(requests);

        // What was stored is more than what is shown, but for what was added: as a rule nothing needs to be counted.
        if (storedBytes + (requests.Count * AddedBytes) > maxBytes - BatchViews.MaxBytes
            && batch.CalculateSize() > maxBytes - BatchViews.MaxBytes)
        {
            batch.Requests.Clear();
            batch.RequestsOmitted = true;
        }

        return batch;
    }

    private async ValueTask<Outcome<CheckedBatch>> EncodeAsync(
        Caller caller,
        SubmissionTerms terms,
        IReadOnlyList<Request> requests,
        IReadOnlyList<Problem> known,
        CancellationToken cancellationToken)
    {
        var dependencies = new DependencyBuilder();
        var bytes = requests.Sum(static request => (long)request.CalculateSize());
        using var turn = await _budgets.Work.TakeAsync(caller.Owner, requests.Count, bytes, cancellationToken);
        if ((_validator.Check(requests, known, dependencies) ?? RequestValidator.CheckCredential(caller)) is { } refusal)
        {
            return refusal;
        }

        if (dependencies.Build(
            requests.Count, caller.Owner, _budgets, index => CallerText.Quote(requests[index].Key), out var graph) is { } circle)
        {
            return circle;
        }

        foreach (var request in requests)
        {
            RequestDefinition.Sanitize(request);
        }

        var key = terms.IdempotencyKey is { } text ? new SubmissionKey(text, HashOf(terms, requests)) : null;

        // To store a large batch takes a while. What is not shown of it is encoded now, and in memory only once.
        var windows = RequestWindow.Encode(requests, firstIndex: 0);
        foreach (var request in requests)
        {
            RequestDefinition.StripForReply(request);
        }

        return new CheckedBatch(requests.Count, requests.Count(static request => request.Spawner), windows)
        {
            Key = key,
            Dependencies = graph,
            Edges = dependencies.Edges,
        };
    }

    private static string HashOf(SubmissionTerms terms, IReadOnlyList<Request> requests)
    {
        using var hash = new ContentHash();
        foreach (var request in requests)
        {
            hash.Add(request);
        }

        return hash.Finish(terms);
    }
}
