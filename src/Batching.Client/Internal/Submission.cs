using Batching.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Batching.Client.Internal;

/// <summary>
/// Submits a batch, of any size. All tries have the same key, so that the gateway makes one batch of them.
/// </summary>
internal sealed class Submission(Connection connection, IAsyncEnumerable<Request> requests, SubmitOptions options)
{
    private readonly Metadata.Entry _key = new(
        "idempotency-key", Quote(options.IdempotencyKey ?? Guid.NewGuid().ToString()));

    // The gateway may have the whole of this try.
    private bool _isSent;

    /// <exception cref="BatchException">It is refused, or can't be made.</exception>
    public async Task<Batch> SubmitAsync(CancellationToken cancellationToken)
    {
        var retry = connection.NewRetry();
        var mayBeThere = false;
        while (true)
        {
            try
            {
                return await TryAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (RpcException exception)
            {
                cancellationToken.ThrowIfCancellationRequested();
                mayBeThere |= _isSent && !exception.HasChangedNothing();
                if (exception.IsTransient(cancellationToken) && await retry.WaitAsync(exception, cancellationToken).ConfigureAwait(false))
                {
                    continue;
                }

                throw mayBeThere && !exception.IsRefusal()
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
            if (await messages.MoveNextAsync().ConfigureAwait(false))
            {
                if (options.KeepOpen)
                {
                    throw new ArgumentException(
                        $"The requests do not fit into one message, as those of a batch have to that is kept open ({nameof(SubmitOptions)}.{nameof(SubmitOptions.KeepOpen)}). Append the others.");
                }

                return await UploadAsync(first, messages, cancellationToken).ConfigureAwait(false);
            }

            _isSent = true;
            var request = new CreateBatchRequest
            {
                Requests = { first.Requests },
                StartTime = options.StartTime?.ToTimestamp(),
                Deadline = options.Deadline?.ToTimestamp(),
                Notify = options.Notify,
                Open = options.KeepOpen,
            };
            if (options.Priority is { } priority)
            {
                request.Priority = priority;
            }

            var reply = await connection.Batches.CreateBatchAsync(request, connection.OptionsOf(_key, cancellationToken)).ConfigureAwait(false);
            return reply.Batch;
        }
    }

    private async Task<Batch> UploadAsync(
        UploadBatchRequest first, IAsyncEnumerator<UploadBatchRequest> messages, CancellationToken cancellationToken)
    {
        first.StartTime = options.StartTime?.ToTimestamp();
        first.Deadline = options.Deadline?.ToTimestamp();
        first.Notify = options.Notify;
        if (options.Priority is { } priority)
        {
            first.Priority = priority;
        }

        // Whatever is thrown before the end of the stream is sent resets the stream, so that nothing is left of it.
        using var call = connection.Batches.UploadBatch(connection.OptionsOf(_key, cancellationToken));
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

    // A string as RFC 9651 has it, section 3.3.3.
    private static string Quote(string key)
    {
        if (key.Length == 0 || key.Any(letter => letter is < ' ' or > '~'))
        {
            throw new ArgumentException(
                $"{nameof(SubmitOptions)}.{nameof(SubmitOptions.IdempotencyKey)} must be printable ASCII characters, at least one.");
        }

        return $"\"{key.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
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
