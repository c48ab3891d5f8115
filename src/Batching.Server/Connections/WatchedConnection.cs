using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;

namespace Batching.Server.Connections;

/// <summary>
/// The input of a connection, which also tells what has become of the replies that were written to it: one whose client
/// ends it in order, or sends something more over HTTP/1.1, has arrived; a connection that is reset has lost what it had. The
/// system resets it for a client that has gone without having read everything.
/// </summary>
internal sealed class WatchedConnection(PipeReader inner, RecentReplies replies) : PipeReader
{
    private volatile bool _isReset;
    private volatile bool _isMultiplexed;
    private bool _isCompleted;

    /// <summary>Whether it has broken.</summary>
    public bool IsReset => _isReset;

    /// <summary>The replies that were written to it; null once it is over. Under the lock of <see cref="RecentReplies"/>.</summary>
    public LinkedList<RecentReply>? Recent { get; set; } = new();

    /// <summary>Watches over every connection of an endpoint. Goes before TLS, which would hide how a connection ends.</summary>
    public static ConnectionDelegate Watch(RecentReplies replies, ConnectionDelegate next) => async connection =>
    {
        var transport = connection.Transport;
        var watched = new WatchedConnection(transport.Input, replies);
        connection.Features.Set(watched);
        connection.Transport = new WatchedTransport(watched, transport.Output);
        try
        {
            await next(connection);
        }
        finally
        {
            watched.End();
            connection.Transport = transport;
        }
    };

    /// <summary>Several calls share it, as HTTP/2 lets them: what comes in says nothing about a reply.</summary>
    public void SetMultiplexed() => _isMultiplexed = true;

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            var read = inner.ReadAsync(cancellationToken);
            return read.IsCompletedSuccessfully
                ? new ValueTask<ReadResult>(LookAt(read.Result, hasWaited: false))
                : WaitAsync(read);
        }
        catch (Exception exception)
        {
            LookAt(exception);
            throw;
        }
    }

    public override bool TryRead(out ReadResult result)
    {
        try
        {
            if (inner.TryRead(out result))
            {
                LookAt(result, hasWaited: false);
                return true;
            }

            return false;
        }
        catch (Exception exception)
        {
            LookAt(exception);
            throw;
        }
    }

    public override void AdvanceTo(SequencePosition consumed) => inner.AdvanceTo(consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) =>
        inner.AdvanceTo(consumed, examined);

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null)
    {
        LookLast();
        inner.Complete(exception);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> WaitAsync(ValueTask<ReadResult> read)
    {
        try
        {
            return LookAt(await read, hasWaited: true);
        }
        catch (Exception exception)
        {
            LookAt(exception);
            throw;
        }
    }

    // What was there before it was waited for may have been sent before the reply was read.
    private ReadResult LookAt(ReadResult result, bool hasWaited)
    {
        if (Recent?.Count > 0 && (result.IsCompleted || (hasWaited && !_isMultiplexed && !result.Buffer.IsEmpty)))
        {
            replies.End(this, received: true, isOver: false);
        }

        return result;
    }

    private void LookAt(Exception exception)
    {
        if (exception is IOException or ConnectionAbortedException)
        {
            _isReset = true;
            replies.End(this, received: false, isOver: true);
        }
    }

    // It may have broken while nobody read.
    private void LookLast()
    {
        if (_isCompleted || _isReset)
        {
            return;
        }

        _isCompleted = true;
        try
        {
            if (inner.TryRead(out var result))
            {
                inner.AdvanceTo(result.Buffer.Start);
            }
        }
        catch (InvalidOperationException)
        {
            // It is still being read from, or not any more: whoever did so has seen it.
        }
        catch (Exception exception)
        {
            LookAt(exception);
        }
    }

    private void End()
    {
        LookLast();
        replies.End(this, received: true, isOver: true);
    }
}
