using Batching.Engine.Delivery;
using Batching.Engine.Quotas;
using Batching.Engine.Storage;
using Batching.V1;

namespace Batching.Engine.Submission;

/// <summary>Accepts batches. Thread-safe.</summary>
public sealed class BatchSubmitter
{
    private readonly RequestValidator _validator;
    private readonly OwnerQuotas _quotas;
    private readonly BatchAcceptor _acceptor;
    private readonly BatchViews _views;

    internal BatchSubmitter(
        RequestValidator validator, OwnerQuotas quotas, BatchAcceptor acceptor, BatchViews views)
    {
        _validator = validator;
        _quotas = quotas;
        _acceptor = acceptor;
        _views = views;
    }

    /// <summary>
    /// Accepts a batch or refuses it whole. An accepted batch is durable when this returns, and its requests are
    /// about to run.
    /// </summary>
    /// <param name="caller">Who submits it.</param>
    /// <param name="requests">
    /// Its requests; only the caller's fields are read. They are changed: in the end they are those of the answer.
    /// </param>
    /// <param name="known">Problems found before, for example when JSON was read; the batch is refused if there are any.</param>
    /// <param name="cancellationToken">Gives up before anything is stored.</param>
    /// <returns>The batch with all its requests in the order given.</returns>
    /// <exception cref="StoreUnavailableException">Nothing was stored.</exception>
    public async ValueTask<Answer<Batch>> SubmitAsync(
        Caller caller,
        IReadOnlyList<Request> requests,
        IReadOnlyList<Problem> known,
        CancellationToken cancellationToken)
    {
        if ((_validator.Check(requests, known) ?? HeaderRules.CheckCredential(caller)) is { } refusal)
        {
            return refusal;
        }

        foreach (var request in requests)
        {
            RequestDefinition.Normalize(request);
        }

        var windows = RequestWindow.Encode(requests, firstIndex: 0);
        var lease = await _quotas.ReserveAsync(
            caller.Owner,
            batches: 1,
            requests.Count,
            windows.Sum(window => (long)window.Data.Length),
            cancellationToken);
        if (!lease.IsGiven)
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
            cancellationToken);

        var batch = _views.ToBatch(record);
        var views = _views.Of(record, RequestFields.All);
        for (var i = 0; i < requests.Count; i++)
        {
            RequestDefinition.Reduce(requests[i]);
            views.AddAccepted(requests[i], i);
            batch.Requests.Add(requests[i]);
        }

        return batch;
    }
}
