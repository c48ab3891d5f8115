using Batching.Engine.Delivery;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.V1;

namespace Batching.Engine.Lifecycle;

/// <summary>Does what operators need to see and to stop the work of any owner. Thread-safe.</summary>
public sealed class OperatorDesk
{
    private const int DefaultOwners = 20;
    private const int MaxOwners = 1000;

    private readonly IBatchStore _store;
    private readonly BatchReader _batches;
    private readonly BatchCanceller _canceller;

    internal OperatorDesk(IBatchStore store, BatchReader batches, BatchCanceller canceller)
    {
        _store = store;
        _batches = batches;
        _canceller = canceller;
    }

    /// <summary>Lists the owners who hold most, without their names.</summary>
    public async ValueTask<Outcome<ListOwnersResponse>> ListOwnersAsync(
        ListOwnersRequest request, CancellationToken cancellationToken)
    {
        if (request.Limit < 0)
        {
            return new Refusal.Invalid("limit", "must not be negative");
        }

        OwnerMeasure? measure = request.Order switch
        {
            OwnerOrder.Unspecified or OwnerOrder.Requests => OwnerMeasure.Requests,
            OwnerOrder.Batches => OwnerMeasure.Batches,
            OwnerOrder.Bytes => OwnerMeasure.Bytes,
            _ => null,
        };
        if (measure is null)
        {
            return new Refusal.Invalid("order", "is not one that is known");
        }

        var limit = Math.Min(request.Limit == 0 ? DefaultOwners : request.Limit, MaxOwners);
        var owners = await _store.ListOwnersAsync(measure.Value, limit, cancellationToken);
        return new ListOwnersResponse
        {
            Owners =
            {
                owners.Select(owner => new Owner
                {
                    Id = owner.Owner,
                    Batches = owner.Usage.Batches,
                    Requests = owner.Usage.Requests,
                    Bytes = owner.Usage.Bytes,
                }),
            },
        };
    }

    /// <summary>Lists the batches of an owner, newest first.</summary>
    public ValueTask<Outcome<ListBatchesResponse>> ListBatchesAsync(
        ListOwnerBatchesRequest request, CancellationToken cancellationToken) =>
        request.Owner.Length == 0
            ? ValueTask.FromResult<Outcome<ListBatchesResponse>>(new Refusal.Invalid("owner", "is required"))
            : _batches.ListAsync(
                new Caller(request.Owner, Authorization: null),
                new ListBatchesRequest { Limit = request.Limit, PageToken = request.PageToken, PageSize = request.PageSize },
                cancellationToken);

    /// <summary>Cancels a batch, whoever owns it.</summary>
    /// <exception cref="StoreUnavailableException">Nothing has changed.</exception>
    public ValueTask<Outcome<Batch>> CancelAsync(string batchId, CancellationToken cancellationToken) =>
        _canceller.CancelAnyAsync(batchId, cancellationToken);
}
