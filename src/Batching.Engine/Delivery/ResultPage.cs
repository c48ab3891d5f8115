using Batching.V1;

namespace Batching.Engine.Delivery;

/// <summary>A page of results, to be sent. Must be completed when the reply is out, or failed.</summary>
public sealed class ResultPage
{
    private readonly Action<bool> _complete;

    internal ResultPage(FetchBatchResponse response, Action<bool> complete)
    {
        Response = response;
        _complete = complete;
    }

    /// <summary>What to send.</summary>
    public FetchBatchResponse Response { get; }

    /// <summary>Tells what has become of the reply.</summary>
    /// <param name="received">
    /// It was completely written and its connection had not broken. Otherwise its results are handed out again.
    /// </param>
    public void Complete(bool received) => _complete(received);
}
