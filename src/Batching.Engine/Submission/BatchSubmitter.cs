using System.Diagnostics;
using Batching.Engine.Configuration;
using Batching.Engine.Content;
using Batching.Engine.Delivery;
using Batching.Engine.Dependencies;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Storage;
using Batching.Engine.Telemetry;
using Batching.V1;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Submission;

/// <summary>Accepts batches. Thread-safe.</summary>
public sealed class BatchSubmitter
{
    // What a request has in a reply beside what was stored of it: two ids, a time, index and state.
    private const long AddedBytes = 96;

    private readonly RequestValidator _validator;
    private readonly OwnerQuotas _quotas;
    private readonly BatchAcceptor _acceptor;
    private readonly BatchViews _views;
    private readonly MemoryBudgets _budgets;
    private readonly LimitOptions _limits;

    internal BatchSubmitter(
        RequestValidator validator,
        OwnerQuotas quotas,
        BatchAcceptor acceptor,
        BatchViews views,
        MemoryBudgets budgets,
        IOptions<BatchEngineOptions> options)
    {
        _validator = validator;
        _quotas = quotas;
        _acceptor = acceptor;
        _views = views;
        _budgets = budgets;
        _limits = options.Value.Limits;
    }

    /// <summary>The same, with an answer that is one message.</summary>
    /// <inheritdoc cref="SubmitAsync(Caller, IReadOnlyList{Request}, IReadOnlyList{Problem}, long, CancellationToken)"/>
    public ValueTask<Outcome<Batch>> SubmitAsync(
        Caller caller,
        IReadOnlyList<Request> requests,
        IReadOnlyList<Problem> known,
        CancellationToken cancellationToken) =>
        SubmitAsync(caller, requests, known, _limits.MessageBytes, cancellationToken);

    /// <summary>
    /// Accepts a batch or refuses it whole. An accepted batch is durable when this returns, and its requests are
    /// about to run.
    /// </summary>
    /// <param name="caller">Who submits it.</param>
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
        IReadOnlyList<Request> requests,
        IReadOnlyList<Problem> known,
        long maxBytes,
        CancellationToken cancellationToken) =>
        BatchActivities.AreWanted
            ? SubmitRecordedAsync(caller, requests, known, maxBytes, cancellationToken)
            : SubmitAsync(caller, requests, known, maxBytes, submission: null, cancellationToken);

    private async ValueTask<Outcome<Batch>> SubmitRecordedAsync(
        Caller caller,
        IReadOnlyList<Request> requests,
        IReadOnlyList<Problem> known,
        long maxBytes,
        CancellationToken cancellationToken)
    {
        using var submission = BatchActivities.StartSubmission(BatchActivities.SubmitName, caller.Client);
        return await submission.WatchAsync(
            SubmitAsync(caller, requests, known, maxBytes, submission, cancellationToken));
    }

    private async ValueTask<Outcome<Batch>> SubmitAsync(
        Caller caller,
        IReadOnlyList<Request> requests,
        IReadOnlyList<Problem> known,
        long maxBytes,
        Activity? submission,
        CancellationToken cancellationToken)
    {
        var dependencies = new DependencyBuilder();
        var (windows, graph, refusal) = await EncodeAsync(caller, requests, known, dependencies, cancellationToken);
        if (refusal is not null)
        {
            return refusal;
        }

        var isAccepted = false;
        try
        {
            var answer = await AcceptAsync(
                caller, requests, windows, graph, dependencies.Edges, maxBytes, submission, cancellationToken);
            isAccepted = answer.Succeeded;
            return answer;
        }
        finally
        {
            if (!isAccepted)
            {
                graph?.Dispose();
            }
        }
    }

    private async ValueTask<Outcome<Batch>> AcceptAsync(
        Caller caller,
        IReadOnlyList<Request> requests,
        IReadOnlyList<RequestWindow> windows,
        DependencyGraph? graph,
        int edges,
        long maxBytes,
        Activity? submission,
        CancellationToken cancellationToken)
    {

        var storedBytes = windows.Sum(window => (long)window.Data.Length);
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
        var record = await _acceptor.AcceptAsync(
            caller,
            requests.Count,
            requests.Count(request => request.Spawner),
            windows,
            stagedKey: null,
            graph,
            edges,
            submission,
            cancellationToken);
        var batch = _views.ToBatch(record);
        var views = _views.Of(record, RequestFields.All);
        for (var i = 0; i < requests.Count; i++)
        {
            views.AddAccepted(requests[i], i);
            batch.Requests.Add(requests[i]);
        }

        // What was stored is more than what is shown, but for ids and times: as a rule nothing needs to be counted.
        if (storedBytes + (requests.Count * AddedBytes) > maxBytes - BatchViews.MaxBytes
            && batch.CalculateSize() > maxBytes - BatchViews.MaxBytes)
        {
            batch.Requests.Clear();
            batch.RequestsOmitted = true;
        }

        return batch;
    }

    private async ValueTask<(IReadOnlyList<RequestWindow> Windows, DependencyGraph? Graph, Refusal? Refusal)> EncodeAsync(
        Caller caller,
        IReadOnlyList<Request> requests,
        IReadOnlyList<Problem> known,
        DependencyBuilder dependencies,
        CancellationToken cancellationToken)
    {
        var bytes = requests.Sum(static request => (long)request.CalculateSize());
        using var turn = await _budgets.Work.TakeAsync(caller.Owner, bytes, cancellationToken);
        if ((_validator.Check(requests, known, dependencies) ?? RequestValidator.CheckCredential(caller)) is { } refusal)
        {
            return ([], null, refusal);
        }

        if (dependencies.Build(
            requests.Count, caller.Owner, _budgets, index => CallerText.Quote(requests[index].Key), out var graph) is { } circle)
        {
            return ([], null, circle);
        }

        foreach (var request in requests)
        {
            RequestDefinition.Sanitize(request);
        }

        // To store a large batch takes a while. What is not shown of it is encoded now, and in memory only once.
        var windows = RequestWindow.Encode(requests, firstIndex: 0);
        foreach (var request in requests)
        {
            RequestDefinition.StripForReply(request);
        }

        return (windows, graph, null);
    }
}
