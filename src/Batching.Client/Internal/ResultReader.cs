using System.Runtime.CompilerServices;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Batching.Client.Internal;

/// <summary>Reads the results of a batch as a stream, and goes on behind the last one whenever the stream is cut.</summary>
internal sealed class ResultReader(Connection connection, string batchId, ReadOptions options)
{
    private readonly BodyReader _bodies = new(connection, batchId);
    private readonly Retry _retry = connection.NewRetry();
    private long _position = options.After;

    /// <summary>Position of the last result that was handed out and dealt with.</summary>
    public long Position => Volatile.Read(ref _position);

    public async IAsyncEnumerable<BatchResult> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            using var call = connection.Batches.FetchResults(NewRequest(), connection.OptionsOf(cancellationToken));
            RpcException? failure = null;
            while (true)
            {
                (var record, failure) = await ReadRecordAsync(call, cancellationToken).ConfigureAwait(false);
                if (record is null)
                {
                    break;
                }

                _retry.Reset();
                if (record.Request is { } request)
                {
                    if (request.Response is { BodyOmitted: true } response && response.Size <= options.MaxBodyBytes)
                    {
                        await _bodies.FillInAsync(request.Id, response, cancellationToken).ConfigureAwait(false);
                    }

                    // A field that was not asked for; the record has it all the same.
                    request.Position = record.Position;
                    yield return new BatchResult(request);
                    Volatile.Write(ref _position, record.Position);
                }
                else if (record.End is { RunningRequests: 0 })
                {
                    yield break;
                }
            }

            if (!await _retry.WaitAsync(failure, cancellationToken).ConfigureAwait(false))
            {
                throw failure?.ToBatchException() ?? new BatchException(
                    "The stream of results ended before the batch was done, again and again.",
                    StatusCode.Unavailable,
                    [],
                    null,
                    new IOException("The stream has no last record."));
            }
        }
    }

    private FetchResultsRequest NewRequest()
    {
        var request = new FetchResultsRequest { BatchId = batchId, After = Position };
        if (options.Fields is { } fields)
        {
            request.RequestFields = new FieldMask { Paths = { fields } };
        }

        return request;
    }

    // The next record; else why there is none, if that is known.
    private static async ValueTask<(FetchResultsResponse? Record, RpcException? Failure)> ReadRecordAsync(
        AsyncServerStreamingCall<FetchResultsResponse> call, CancellationToken cancellationToken)
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
