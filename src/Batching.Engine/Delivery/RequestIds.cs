using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Storage;

namespace Batching.Engine.Delivery;

/// <summary>Reads the <c>request_ids</c> of a call.</summary>
internal static class RequestIds
{
    /// <summary>The problem with having so many of them, if that is one.</summary>
    public static Refusal? CheckCount(IReadOnlyCollection<string> requestIds, LimitOptions limits) =>
        requestIds.Count > limits.RequestIds
            ? new Refusal.Invalid("request_ids", $"has {requestIds.Count} ids; the limit is {limits.RequestIds}")
            : null;

    /// <summary>The indexes of the requests in their batch, in the order given.</summary>
    public static Outcome<int[]> Resolve(IReadOnlyList<string> requestIds, BatchRecord record, BatchIds ids)
    {
        var indexes = new int[requestIds.Count];
        for (var i = 0; i < indexes.Length; i++)
        {
            if (!ids.TryParseRequest(requestIds[i], record, out indexes[i]))
            {
                return new Refusal.NotFound("request", requestIds[i]);
            }
        }

        return indexes;
    }
}
