using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Batching.Server.Connections;

/// <summary>
/// The body of a response whose reader may not stall: every 64 KiB of it have to be taken within a time, however much
/// is written at once. A reader that does not is cut off, over HTTP/2 its stream and not its connection; for the call
/// it looks as if the client had gone. It also knows whether the connection took all of it. For one request.
/// </summary>
/// <param name="context">The request.</param>
/// <param name="inner">The body as the server gives it.</param>
/// <param name="stall">How long a reader may take nothing.</param>
/// <param name="minRate">Bytes a second that it has to take on average, as measured over that time.</param>
/// <param name="patience">How long it may take nothing when the gateway stops.</param>
/// <param name="time">Tells the time.</param>
/// <param name="logger">Where it is said that a reader was cut off.</param>
internal sealed class WatchedResponse(
    HttpContext context,
    IHttpResponseBodyFeature inner,
    TimeSpan stall,
    int minRate,
    StopPatience patience,
    TimeProvider time,
    ILogger logger)
    : PipeWriter, IHttpResponseBodyFeature, IDisposable
{
    private const int BlockBytes = 64 * 1024;

    // RFC 9113, 7: what gRPC clients see as RESOURCE_EXHAUSTED.
    private const int EnhanceYourCalm = 0xb;

    private readonly Lock _lock = new();
    private readonly ReaderPace _pace = new(stall, minRate, time);

    // What doesn't fit into the block that is being written: it goes to the server a block at a time, so that each of
    // them shows that the reader is still there.
    private readonly PendingBlocks _rest = new(BlockBytes);
    private PipeWriter? _pipe;
    private Stream? _stream;
    private ITimer? _timer;
    private CancellationTokenRegistration _stopping;
    private long _unflushed;
    private bool _ended;
    private bool _cut;

    /// <summary>Everything that was written has left for the connection, which had not broken.</summary>
    public bool IsWhole => !_cut && _unflushed == 0;

    public PipeWriter Writer => this;

    public Stream Stream => _stream ??= AsStream(leaveOpen: true);

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _unflushed;

    private PipeWriter Pipe => _pipe ??= inner.Writer;

    /// <summary>
    /// Hands over what was written and never flushed, unless it is so little that the server sends it with the end of the
    /// reply. Over HTTP/2 the server itself doesn't wait for it to be on its way.
    /// </summary>
    public ValueTask<FlushResult> EndAsync() =>
        _unflushed >= BlockBytes / 2 ? FlushAsync(CancellationToken.None) : default;

    public override Memory<byte> GetMemory(int sizeHint = 0) =>
        _rest.IsEmpty && _unflushed < BlockBytes && sizeHint <= BlockBytes
            ? Pipe.GetMemory(sizeHint)
            : _rest.GetMemory(Math.Max(sizeHint, 1));

    public override Span<byte> GetSpan(int sizeHint = 0) =>
        _rest.IsEmpty && _unflushed < BlockBytes && sizeHint <= BlockBytes
            ? Pipe.GetSpan(sizeHint)
            : _rest.GetMemory(Math.Max(sizeHint, 1)).Span;

    public override void Advance(int bytes)
    {
        if (_rest.IsEmpty)
        {
            Pipe.Advance(bytes);
        }
        else
        {
            _rest.Advance(bytes);
        }

        _unflushed += bytes;
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (!_rest.IsEmpty)
        {
            return FlushRestAsync(cancellationToken);
        }

        if (_unflushed == 0)
        {
            // There is nothing that could be lost.
            var flush = Pipe.FlushAsync(cancellationToken);
            return flush.IsCompleted ? flush : WaitAsync(flush, bytes: 0);
        }

        var bytes = _unflushed;
        _unflushed = 0;
        return SendAsync(default, bytes, cancellationToken);
    }

    public override ValueTask<FlushResult> WriteAsync(
        ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        if (source.Length > BlockBytes || !_rest.IsEmpty)
        {
            return WriteBlocksAsync(source, cancellationToken);
        }

        var bytes = _unflushed + source.Length;
        _unflushed = 0;
        return SendAsync(source, bytes, cancellationToken);
    }

    public override void CancelPendingFlush() => Pipe.CancelPendingFlush();

    public override void Complete(Exception? exception = null)
    {
        _rest.Clear();
        Pipe.Complete(exception);
    }

    public Task StartAsync(CancellationToken cancellationToken = default) => inner.StartAsync(cancellationToken);

    public void DisableBuffering() => inner.DisableBuffering();

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
        SendFileFallback.SendFileAsync(Stream, path, offset, count, cancellationToken);

    public async Task CompleteAsync()
    {
        await EndAsync();
        await inner.CompleteAsync();
    }

    public void Dispose()
    {
        lock (_lock)
        {
            // The server uses the context again for the next request, which has done nothing wrong.
            _ended = true;
        }

        _stopping.Unregister();
        _timer?.Dispose();
        _rest.Clear();
    }

    private async ValueTask<FlushResult> FlushRestAsync(CancellationToken cancellationToken)
    {
        var result = await SendAsync(default, _unflushed - _rest.Length, cancellationToken);
        foreach (var bytes in _rest.Blocks)
        {
            result = await SendBlocksAsync(bytes, result, cancellationToken);
        }

        _rest.Clear();
        _unflushed = 0;
        return result;
    }

    private async ValueTask<FlushResult> WriteBlocksAsync(
        ReadOnlyMemory<byte> source, CancellationToken cancellationToken) =>
        await SendBlocksAsync(source, await FlushAsync(cancellationToken), cancellationToken);

    private async ValueTask<FlushResult> SendBlocksAsync(
        ReadOnlyMemory<byte> source, FlushResult result, CancellationToken cancellationToken)
    {
        while (source.Length > 0 && !result.IsCompleted && !result.IsCanceled)
        {
            var block = source[..Math.Min(BlockBytes, source.Length)];
            result = await SendAsync(block, block.Length, cancellationToken);
            source = source[block.Length..];
        }

        return result;
    }

    // With what is in the server's buffer already.
    private ValueTask<FlushResult> SendAsync(ReadOnlyMemory<byte> source, long bytes, CancellationToken cancellationToken)
    {
        // Asked before it leaves, because later is too late: a client may close its connection as soon as it has read the
        // reply.
        _cut |= IsBroken();
        var flush = source.IsEmpty ? Pipe.FlushAsync(cancellationToken) : Pipe.WriteAsync(source, cancellationToken);
        if (!flush.IsCompletedSuccessfully)
        {
            return WaitAsync(flush, bytes);
        }

        _pace.Take(bytes);
        var result = flush.Result;
        _cut |= result.IsCompleted || result.IsCanceled;
        return new ValueTask<FlushResult>(result);
    }

    // When a connection breaks under a reply, Kestrel first closes the socket, then lets writes go nowhere, and then, on
    // another thread, cancels RequestAborted: that alone would not tell a cut reply from a whole one.
    private bool IsBroken() =>
        context.RequestAborted.IsCancellationRequested
        || context.Features.Get<IConnectionSocketFeature>()?.Socket.SafeHandle.IsClosed == true;

    // Once a flush, and many of them do wait: a moment is noted, which the timer of the whole response looks at.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FlushResult> WaitAsync(ValueTask<FlushResult> flush, long bytes)
    {
        _pace.BeginWait();
        if (_timer is null)
        {
            _timer = time.CreateTimer(
                static response => ((WatchedResponse)response!).CutOffIfStalled(), this, stall / 4, stall / 4);
            _stopping = patience.Stopping.UnsafeRegister(static response => ((WatchedResponse)response!).BeginStop(), this);
        }

        var isWhole = false;
        try
        {
            var result = await flush;
            isWhole = !result.IsCompleted && !result.IsCanceled;
            _pace.Take(bytes);
            return result;
        }
        finally
        {
            _cut |= !isWhole;
            _pace.EndWait();
        }
    }

    private void BeginStop()
    {
        lock (_lock)
        {
            if (!_ended)
            {
                // Looked at twice as often as it lasts, so that a stop is held up by half as much again at most.
                var period = patience.Limit < stall ? (patience.Limit / 2) + TimeSpan.FromMilliseconds(1) : stall / 4;
                _timer!.Change(period, period);
            }
        }
    }

    private void CutOffIfStalled()
    {
        lock (_lock)
        {
            var isStopping = patience.Stopping.IsCancellationRequested;
            var limit = isStopping && patience.Limit < stall ? patience.Limit : stall;
            var hasStalled = _pace.HasStalled(limit);
            if (_ended || !(hasStalled || _pace.IsTooSlow()))
            {
                return;
            }

            _ended = true;
            if (!hasStalled)
            {
                ReaderStallLog.ReaderTooSlow(logger, context.Request.Path, minRate);
            }
            else if (!isStopping)
            {
                ReaderStallLog.ReaderStalled(logger, context.Request.Path, stall);
            }

            CutOff();
        }
    }

    private void CutOff()
    {
        if (context.Features.Get<IHttpResetFeature>() is { } stream)
        {
            stream.Reset(EnhanceYourCalm);
        }
        else
        {
            context.Abort();
        }
    }
}
