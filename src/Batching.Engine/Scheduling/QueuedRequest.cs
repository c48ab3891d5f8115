using Batching.Engine.Spawning;
using Batching.Engine.Upstreams;
using Batching.V1;

namespace Batching.Engine.Scheduling;

/// <summary>A request of a stored batch that waits for its upstream.</summary>
/// <param name="Batch">Its batch.</param>
/// <param name="Index">Its index in the batch.</param>
/// <param name="Call">What to send, and where.</param>
/// <param name="Bytes">What it holds of the budget for waiting requests.</param>
/// <param name="Runner">Runs it.</param>
internal sealed record QueuedRequest(
    ActiveBatch Batch, int Index, UpstreamCall Call, int Bytes, RequestRunner Runner) : IUpstreamWork
{
    private const string IdempotencyKey = "Idempotency-Key";

    /// <summary>
    /// How it was spawned, if it is sent before it is stored: then it has no index yet and holds nothing of the budget.
    /// </summary>
    public SpawnedRequest? Origin { get; init; }

    /// <summary>It was taken already, when its turn came before, and holds nothing of the budget any more.</summary>
    public bool IsTaken { get; init; }

    /// <summary>
    /// Sending the request a second time may do something twice, so that it must be known after a crash that it was
    /// sent.
    /// </summary>
    public bool MustNotRepeat => !Methods.IsIdempotent(Call.Method) && !HasIdempotencyKey(Call.Request);

    public ValueTask RunAsync() => Runner.RunAsync(this);

    // An empty key tells an API nothing to know the request by, and each value of two fields is one it may look at.
    private static bool HasIdempotencyKey(Request request)
    {
        var found = false;
        foreach (var (name, value) in request.Headers)
        {
            if (name.Equals(IdempotencyKey, StringComparison.OrdinalIgnoreCase))
            {
                if (string.IsNullOrWhiteSpace(value))
                {
                    return false;
                }

                found = true;
            }
        }

        return found;
    }
}
