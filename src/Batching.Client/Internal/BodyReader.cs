using System.Runtime.CompilerServices;
using Batching.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Batching.Client.Internal;

/// <summary>Reads the bodies of responses that are too large for a message, and goes on where it was whenever it is cut.</summary>
internal sealed class BodyReader(Connection connection, string batchId)
{
    /// <summary>Puts a body into its response.</summary>
    public async Task FillInAsync(string requestId, Response response, CancellationToken cancellationToken)
    {
        var body = new byte[response.Size];
        var length = 0;
        try
        {
            await foreach (var chunk in ReadAsync(requestId, 0, cancellationToken).ConfigureAwait(false))
            {
                chunk.Span.CopyTo(body.AsSpan(length));
                length += chunk.Length;
            }
        }
        catch (BatchException exception) when (exception.StatusCode == StatusCode.FailedPrecondition)
        {
            // There is a result, so the batch has expired in the meantime.
            response.Expired = true;
            response.BodyOmitted = false;
            return;
        }

        response.Body = UnsafeByteOperations.UnsafeWrap(body.AsMemory(0, length));
        response.BodyOmitted = false;
    }

    /// <summary>Reads a body from an offset to its end.</summary>
    /// <exception cref="BatchException">It is not there, or not any more, or can't be read.</exception>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(
        string requestId, long offset, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var retry = connection.NewRetry();
        while (true)
        {
            var request = new ReadBodyRequest { BatchId = batchId, RequestId = requestId, Offset = offset };
            using var call = connection.Batches.ReadBody(request, connection.OptionsOf(cancellationToken));
            RpcException? failure;
            while (true)
            {
                (var part, failure) = await ReadPartAsync(call, cancellationToken).ConfigureAwait(false);
                if (part is null)
                {
                    break;
                }

                retry.Reset();
                yield return part.Chunk.Memory;
                offset += part.Chunk.Length;
                if (offset >= part.Size)
                {
                    yield break;
                }
            }

            if (!await retry.WaitAsync(failure, cancellationToken).ConfigureAwait(false))
            {
                throw failure?.ToBatchException() ?? new BatchException(
                    $"The body of request {requestId} ended after {offset} bytes, again and again.",
                    StatusCode.DataLoss,
                    [],
                    null,
                    new EndOfStreamException());
            }
        }
    }

    private static async ValueTask<(ReadBodyResponse? Part, RpcException? Failure)> ReadPartAsync(
        AsyncServerStreamingCall<ReadBodyResponse> call, CancellationToken cancellationToken)
    {
        try
        {
            return await call.ResponseStream.MoveNext(cancellationToken).ConfigureAwait(false)
                ? (call.ResponseStream.Current, null)
                : (null, null);
        }
        catch (RpcException exception)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return exception.IsTransient(cancellationToken) ? (null, exception) : throw exception.ToBatchException();
        }
    }
}
