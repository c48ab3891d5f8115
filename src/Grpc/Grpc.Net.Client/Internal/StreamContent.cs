using System.Net;

namespace Grpc.Net.Client.Internal;

/// <summary>A request body that is written by someone else while it is open.</summary>
internal sealed class StreamContent : HttpContent
{
    private readonly TaskCompletionSource<Stream> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The stream, once the connection takes it.</summary>
    public Task<Stream> Opened => _opened.Task;

    /// <summary>Ends the body.</summary>
    public void Close() => _closed.TrySetResult();

    /// <summary>
    /// Breaks off the body of a call that is over; who waits for the stream gets the exception. It must not end in order:
    /// the server would take it for complete (RST_STREAM instead of END_STREAM, RFC 9113, section 8.1).
    /// </summary>
    public void Abort(Exception exception)
    {
        if (_opened.TrySetException(exception))
        {
            // Nobody may be waiting.
            _ = _opened.Task.Exception;
        }

        _closed.TrySetCanceled(CancellationToken.None);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(
        Stream stream,
        TransportContext? context,
        CancellationToken cancellationToken)
    {
        // The server gets the headers, and may answer, before there is a message.
        await stream.FlushAsync(cancellationToken);
        _opened.TrySetResult(stream);
        await _closed.Task.WaitAsync(cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
