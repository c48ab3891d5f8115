using Batching.V1;
using Grpc.Core;

namespace Batching.Client.Internal;

/// <summary>
/// Submits a batch, of any size. A submission must not be made twice: it is made again only if nothing can have come of it. That
/// is so if it was never sent, if the gateway has refused it and says when to come again, and for an upload until its end was sent.
/// </summary>
internal sealed class Submission(Connection connection, IAsyncEnumerable<Request> requests, Notify? notify)
{
    // The gateway may have the whole submission.
    private bool _isSent;

    /// <exception cref="BatchException">It is refused, or can't be made.</exception>
    public async Task<Batch> SubmitAsync(CancellationToken cancellationToken)
    {
        var retry = connection.NewRetry();
        while (true)
        {
            try
            {
                return await TryAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (RpcException exception)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var mayBeAgain = !_isSent ? exception.IsTransient(cancellationToken) : exception.HasChangedNothing();
                if (mayBeAgain && await retry.WaitAsync(exception, cancellationToken).ConfigureAwait(false))
                {
                    continue;
                }

                throw _isSent && !mayBeAgain && !exception.IsRefusal()
                    ? new SubmissionUnknownException(exception.StatusCode, exception)
                    : exception.ToBatchException();
            }
        }
    }

    private async Task<Batch> TryAsync(CancellationToken cancellationToken)
    {
        _isSent = false;
        var messages = MessageSplitter.SplitAsync(requests, connection.Options).GetAsyncEnumerator(cancellationToken);
        await using (messages.ConfigureAwait(false))
        {
            await messages.MoveNextAsync().ConfigureAwait(false);
            var first = messages.Current;
            first.Notify = notify;
            if (await messages.MoveNextAsync().ConfigureAwait(false))
            {
                return await UploadAsync(first, messages, cancellationToken).ConfigureAwait(false);
            }

            _isSent = true;
            var reply = await connection.Batches.CreateBatchAsync(
                new CreateBatchRequest { Requests = { first.Requests }, Notify = notify }, connection.OptionsOf(cancellationToken)).ConfigureAwait(false);
            return reply.Batch;
        }
    }

    private async Task<Batch> UploadAsync(
        UploadBatchRequest first, IAsyncEnumerator<UploadBatchRequest> messages, CancellationToken cancellationToken)
    {
        // Whatever is thrown before the end of the stream is sent resets the stream, so that nothing is left of it.
        using var call = connection.Batches.UploadBatch(connection.OptionsOf(cancellationToken));
        var isOpen = await TryWriteAsync(call, first).ConfigureAwait(false);
        while (isOpen)
        {
            isOpen = await TryWriteAsync(call, messages.Current).ConfigureAwait(false);
            if (isOpen && !await messages.MoveNextAsync().ConfigureAwait(false))
            {
                _isSent = true;
                await call.RequestStream.CompleteAsync().ConfigureAwait(false);
                break;
            }
        }

        return (await call.ResponseAsync.ConfigureAwait(false)).Batch;
    }

    // False if the call has ended before it had everything: its answer says why.
    private static async Task<bool> TryWriteAsync(
        AsyncClientStreamingCall<UploadBatchRequest, UploadBatchResponse> call, UploadBatchRequest message)
    {
        try
        {
            await call.RequestStream.WriteAsync(message).ConfigureAwait(false);
            return true;
        }
        catch (Exception exception) when (exception is RpcException or InvalidOperationException)
        {
            return false;
        }
    }
}
