using Batching.Engine.Delivery;
using Grpc.Core;

namespace Batching.Rest.Calls;

/// <summary>Ends streams of results, and settles what of them was delivered.</summary>
internal static class StreamDelivery
{
    /// <summary>Counts the results of a stream as received once its end is delivered.</summary>
    /// <param name="feed">What was streamed.</param>
    /// <param name="lastPosition">The position in its last record; null if it had none.</param>
    /// <param name="context">The call.</param>
    /// <exception cref="RpcException">It had no last record: the batch was deleted meanwhile.</exception>
    public static void ReceiveWhenDelivered(this ResultFeed feed, long? lastPosition, ServerCallContext context)
    {
        if (lastPosition is not { } position)
        {
            throw new RpcException(new Status(StatusCode.Aborted, "The batch was deleted."));
        }

        DeliveringReply.Watch(context, feed.DeliveryUpTo(position));
    }
}
