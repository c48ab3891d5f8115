using System.Buffers;
using Grpc.Core;

namespace Grpc.Net.Client.Internal;

internal sealed class RequestStreamWriter<TRequest>(
    StreamContent content,
    Func<TRequest, WriteFlags, ArrayBufferWriter<byte>> serialize,
    WriteOptions? callWriteOptions,
    Action throwIfEnded,
    Func<Task> waitForHeaders) : IClientStreamWriter<TRequest>
    where TRequest : class
{
    private int _writing;
    private bool _completed;

    public WriteOptions? WriteOptions { get; set; } = callWriteOptions;

    public Task WriteAsync(TRequest message) => WriteAsync(message, CancellationToken.None);

    public async Task WriteAsync(TRequest message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        cancellationToken.ThrowIfCancellationRequested();
        throwIfEnded();
        if (_completed)
        {
            throw new InvalidOperationException("Request stream has already been completed.");
        }

        if (Interlocked.Exchange(ref _writing, 1) != 0)
        {
            throw new InvalidOperationException("Can't write the message because the previous write is in progress.");
        }

        try
        {
            var stream = await content.Opened.WaitAsync(cancellationToken);
            var flags = WriteOptions?.Flags ?? default;
            await stream.WriteAsync(serialize(message, flags).WrittenMemory, cancellationToken);
            if ((flags & WriteFlags.BufferHint) == 0)
            {
                await stream.FlushAsync(cancellationToken);
            }
        }
        catch (Exception exception) when (exception is not RpcException)
        {
            if (cancellationToken.IsCancellationRequested)
            {
                throw;
            }

            // The server takes no more requests, as a rule because the call has ended: its status says more than a
            // broken stream. One that comes only with the trailers is for the reader of the responses.
            await waitForHeaders();
            throwIfEnded();
            throw new RpcException(exception is OperationCanceledException
                ? new Status(StatusCode.Cancelled, "The server takes no more requests.", exception)
                : ResponseStatus.FromException(exception));
        }
        finally
        {
            Volatile.Write(ref _writing, 0);
        }
    }

    public Task CompleteAsync()
    {
        _completed = true;
        content.Close();
        return Task.CompletedTask;
    }

    public void Abort(Exception exception) => content.Abort(exception);
}
