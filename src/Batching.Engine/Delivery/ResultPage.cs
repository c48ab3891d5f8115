using Batching.Engine.Quotas;
using Batching.V1;

namespace Batching.Engine.Delivery;

/// <summary>
/// A page of results, to be sent. Its delivery must be completed when the reply is out, or failed, and then it is to be
/// disposed: it takes up a part of what there is for replies.
/// </summary>
public sealed class ResultPage : IDisposable
{
    private readonly ByteLease? _lease;
    private readonly Func<CancellationToken, IAsyncEnumerable<Request>>? _read;

    internal ResultPage(FetchBatchResponse response, Delivery delivery, ByteLease? lease)
    {
        Response = response;
        Delivery = delivery;
        Count = response.Batch.Requests.Count;
        _lease = lease;
    }

    internal ResultPage(
        FetchBatchResponse response,
        Delivery delivery,
        ByteLease lease,
        int count,
        Func<CancellationToken, IAsyncEnumerable<Request>> read)
        : this(response, delivery, lease)
    {
        Count = count;
        _read = read;
    }

    /// <summary>The message to send; without the requests if the page was opened to be read in pieces.</summary>
    public FetchBatchResponse Response { get; }

    /// <summary>The number of its requests.</summary>
    public int Count { get; }

    /// <summary>The results that the reply carries.</summary>
    public Delivery Delivery { get; }

    /// <summary>
    /// Reads the requests one after the other. The message may be the same each time, and holds until the next one is asked
    /// for. There are fewer than <see cref="Count"/> if the batch was deleted meanwhile.
    /// </summary>
    public IAsyncEnumerable<Request> ReadAsync(CancellationToken cancellationToken) =>
        _read is null ? Response.Batch.Requests.ToAsyncEnumerable() : _read(cancellationToken);

    /// <summary>Gives back what it takes.</summary>
    public void Dispose() => _lease?.Dispose();
}
