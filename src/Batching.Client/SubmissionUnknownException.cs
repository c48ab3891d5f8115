using Grpc.Core;

namespace Batching.Client;

/// <summary>
/// A submission was sent whole, and its answer was lost: the gateway has the batch with all its requests, or nothing of it. The
/// client does not submit it again, because every call of it might then be made twice. <see cref="BatchClient.ListAsync"/> tells
/// whether the batch is there.
/// </summary>
public sealed class SubmissionUnknownException : BatchException
{
    internal SubmissionUnknownException(StatusCode statusCode, Exception inner)
        : base(
            "The answer to the submission was lost: the gateway may have accepted the batch, or not. Look at the list of the batches before you submit it again.",
            statusCode,
            [],
            null,
            inner)
    {
    }
}
