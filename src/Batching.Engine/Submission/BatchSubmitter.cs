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
    private readonly RequestValidator _validator;
    private readonly ReceiverRules _receivers;
    private readonly OwnerQuotas _quotas;
    private readonly BatchAcceptor _acceptor;
    private readonly SubmissionKeys _keys;
    private readonly SubmissionReplies _replies;
    private readonly MemoryBudgets _budgets;
    private readonly LimitOptions _limits;
    private readonly RetentionOptions _retention;

    internal BatchSubmitter(
        RequestValidator validator,
        ReceiverRules receivers,
        OwnerQuotas quotas,
        BatchAcceptor acceptor,
        SubmissionKeys keys,
        SubmissionReplies replies,
        MemoryBudgets budgets,
        IOptions<BatchEngineOptions> options)
    {
        _validator = validator;
        _receivers = receivers;
        _quotas = quotas;
        _acceptor = acceptor;
        _keys = keys;
        _replies = replies;
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
        var schedule = Schedule.Read(terms, _acceptor.Now(), _retention, _acceptor.MayBeOpen, problems);
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
                return await _replies.ShowAsync(before, requests, storedBytes, maxBytes, cancellationToken);
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
                return await _replies.ShowAsync(other, requests, storedBytes, maxBytes, cancellationToken);
            }

            return _replies.Show(record, requests, firstIndex: 0, storedBytes, maxBytes);
        }
        finally
        {
            if (!isAccepted)
            {
                batch.Dependencies?.Dispose();
            }
        }
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
