namespace Batching.CrashTests.Callers;

/// <summary>
/// A connection whose bytes are watched. When its client gives it up with replies under way, it is read on until nothing
/// more comes: a server that is dead has left its last bytes in the socket.
/// </summary>
internal sealed class WatchedStream(Stream inner, Http2Watch watch) : Stream
{
    private readonly SemaphoreSlim _reading = new(1);
    private int _disposed;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // Its client waits for bytes without a buffer.
        if (buffer.IsEmpty)
        {
            return await inner.ReadAsync(buffer, cancellationToken);
        }

        await _reading.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
            var read = await inner.ReadAsync(buffer, cancellationToken);
            watch.Receive(buffer.Span[..read]);
            if (read == 0)
            {
                watch.End();
            }

            return read;
        }
        catch (IOException)
        {
            watch.End();
            throw;
        }
        finally
        {
            _reading.Release();
        }
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        watch.Send(buffer.Span);
        return inner.WriteAsync(buffer, cancellationToken);
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _ = DrainAsync();
        }

        base.Dispose(disposing);
    }

    private async Task DrainAsync()
    {
        try
        {
            // A read that is under way ends with the server too.
            if (watch.IsWaiting)
            {
                await _reading.WaitAsync();
                var buffer = new byte[64 * 1024];
                while (watch.IsWaiting && await inner.ReadAsync(buffer) is > 0 and var read)
                {
                    watch.Receive(buffer.AsSpan(0, read));
                }
            }
        }
        catch (IOException)
        {
            // That was its end.
        }
        finally
        {
            watch.End();
            await inner.DisposeAsync();
        }
    }
}
