using System.IO.Pipelines;
using Grpc.Core;

namespace Grpc.AspNetCore.Server.Internal;

internal sealed class HttpContextStreamWriter<TResponse>(
    HttpContextServerCallContext call,
    Action<TResponse, SerializationContext> serializer) : IServerStreamWriter<TResponse>
    where TResponse : class
{
    /// <summary>
    /// With <see cref="WriteFlags.BufferHint"/> this many bytes may wait. Below Kestrel's own limit of 64 KiB, so that
    /// a writer that is faster than its reader meets the back-pressure of a flush before memory grows.
    /// </summary>
    private const int MaxBuffered = 32 * 1024;

    private readonly CancellationToken _requestAborted = call.HttpContext.RequestAborted;
    private int _writing;
    private int _buffered;

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(TResponse message) => WriteAsync(message, CancellationToken.None);

    public Task WriteAsync(TResponse message, CancellationToken cancellationToken)
    {
        if (message is null)
        {
            return Task.FromException(new ArgumentNullException(nameof(message)));
        }

        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled(cancellationToken);
        }

        if (Interlocked.Exchange(ref _writing, 1) != 0)
        {
            return Task.FromException(
                new InvalidOperationException("Can't write the message because the previous write is in progress."));
        }

        ValueTask<FlushResult> flush;
        try
        {
            call.BeginWrite(_requestAborted);
            var flags = (WriteOptions ?? call.WriteOptions)?.Flags ?? default;
            _buffered += call.WriteMessage(serializer, message, flags);
            if ((flags & WriteFlags.BufferHint) != 0 && _buffered < MaxBuffered)
            {
                EndWrite();
                return Task.CompletedTask;
            }

            flush = call.Output.FlushAsync(cancellationToken);
            if (flush.IsCompletedSuccessfully)
            {
                call.ThrowIfAborted(flush.Result);
                _buffered = 0;
                EndWrite();
                return Task.CompletedTask;
            }
        }
        catch (Exception exception)
        {
            EndWrite();
            return Task.FromException(exception);
        }

        return AwaitAsync(flush);
    }

    private async Task AwaitAsync(ValueTask<FlushResult> flush)
    {
        try
        {
            call.ThrowIfAborted(await flush);
            _buffered = 0;
        }
        finally
        {
            EndWrite();
        }
    }

    private void EndWrite()
    {
        call.EndWrite();
        Volatile.Write(ref _writing, 0);
    }
}
