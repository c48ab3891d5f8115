using Batching.V1;
using Google.Protobuf;

namespace Batching.Client.Internal;

/// <summary>Puts requests into messages, as many into each as it may hold.</summary>
internal static class MessageSplitter
{
    // The tag of the field, and the length in front of a request.
    private const int FramingBytes = 1 + 5;

    /// <summary>Reads all requests; without any there is one message without any.</summary>
    public static async IAsyncEnumerable<UploadBatchRequest> SplitAsync(
        IAsyncEnumerable<Request> requests, BatchClientOptions options)
    {
        var message = new UploadBatchRequest();
        var bytes = 0L;
        var isFirst = true;
        await foreach (var request in requests.ConfigureAwait(false))
        {
            var size = request.CalculateSize() + FramingBytes;
            if (message.Requests.Count == options.RequestsPerMessage
                || (message.Requests.Count > 0 && bytes + size > options.BytesPerMessage))
            {
                yield return message;
                isFirst = false;
                message = new UploadBatchRequest();
                bytes = 0;
            }

            message.Requests.Add(request);
            bytes += size;
        }

        if (isFirst || message.Requests.Count > 0)
        {
            yield return message;
        }
    }
}
