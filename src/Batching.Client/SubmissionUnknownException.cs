using Grpc.Core;

namespace Batching.Client;

/// <summary>
/// A submission was sent whole, its answer was lost, and so were those of the tries behind it: the gateway has the batch with all its
/// requests, or nothing of it. To submit the same requests with the same <see cref="SubmitOptions.IdempotencyKey"/> makes no second
/// batch; without one of your own, <see cref="BatchClient.ListAsync"/> tells whether the batch is there.
/// </summary>
public sealed class SubmissionUnknownException : BatchException
{
    internal SubmissionUnknownException(StatusCode statusCode, Exception inner)
        : base(
            "The answer to the submission was lost: the gateway may have accepted the batch, or not. Submit it again with the same key, or look at the list of the batches before.",
            statusCode,
            [],
            null,
            inner)
    {
    }
}
