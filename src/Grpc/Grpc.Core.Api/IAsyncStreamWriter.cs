namespace Grpc.Core;

/// <summary>Writes a stream of messages. One write at a time; a pending write is the back-pressure of a slow reader.</summary>
public interface IAsyncStreamWriter<in T>
{
    /// <summary>How the next messages are written; null is <see cref="Core.WriteOptions.Default"/>.</summary>
    WriteOptions? WriteOptions { get; set; }

    /// <summary>Writes a message.</summary>
    /// <exception cref="InvalidOperationException">A write is pending, or the stream has ended.</exception>
    Task WriteAsync(T message);

    /// <summary>Writes a message unless cancelled; a cancelled write ends the call.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled)
        {
            throw new NotSupportedException("Cancellation of stream writes is not supported by this implementation.");
        }

        return WriteAsync(message);
    }
}
