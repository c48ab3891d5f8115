using Batching.Engine.Model;
using Batching.Engine.Submission;
using Batching.V1;

namespace Batching.Engine.Tests.Infrastructure;

/// <summary>Uploads of which nothing but their requests matters.</summary>
internal static class Uploads
{
    public static ValueTask<Outcome<Batch>> UploadAsync(
        this BatchUploader uploader,
        Caller caller,
        IAsyncEnumerable<IReadOnlyList<Request>> messages,
        CancellationToken shutdown,
        CancellationToken cancellationToken) =>
        uploader.UploadAsync(
            caller,
            idempotencyKey: null,
            messages.Select(message => new UploadBatchRequest { Requests = { message } }),
            shutdown,
            cancellationToken);
}
