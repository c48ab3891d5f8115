using System.Globalization;
using System.IO.Pipelines;
using Batching.Engine;
using Batching.Rest.Calls;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;

namespace Batching.Server.Connections;

/// <summary>
/// The body of a request, which has to arrive within a time, and finds room beside the others that are on their way.
/// For one request.
/// </summary>
/// <param name="request">The request.</param>
/// <param name="memory">What bodies on their way take.</param>
/// <param name="limit">
/// How long the body may take; null for a stream of messages, which has limits of its own and of which only the message
/// that is on its way takes room.
/// </param>
/// <param name="patience">How long it is waited for when the gateway stops.</param>
/// <param name="time">Tells the time.</param>
internal sealed class WatchedRequest(
    HttpRequest request, ReceivingMemory memory, TimeSpan? limit, StopPatience patience, TimeProvider time)
    : PipeReader, IRequestBodyPipeFeature, IDisposable
{
    // When the time is over the reader gets another moment: after a pause of the whole process the clock would else win
    // against what has long arrived.
    private static readonly TimeSpan LastMoment = TimeSpan.FromSeconds(1);

    private readonly PipeReader _inner = request.BodyReader;
    private readonly long _started = time.GetTimestamp();
    private readonly Lock _lock = new();
    private Stream? _stream;
    private PipeReader? _replaced;
    private ITimer? _timer;
    private ITimer? _stopTimer;
    private long _held;
    private ReadResult? _underWay;
    private bool _isLastMoment;
    private bool _late;
    private volatile bool _abandoned;
    private bool _ended;

    public PipeReader Reader => ReferenceEquals(request.Body, _stream) ? this : _replaced ??= PipeReader.Create(request.Body);

    /// <summary>Whether the gateway stops, and did not wait for the rest of the body.</summary>
    public bool IsAbandoned => _abandoned;

    /// <summary>Takes the place of the body. Whoever replaces it afterwards, to decompress it, is read from instead.</summary>
    public void Take()
    {
        _stream = AsStream(leaveOpen: true);
        request.HttpContext.Features.Set<IRequestBodyPipeFeature>(this);
        request.Body = _stream;
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var read = _inner.ReadAsync(cancellationToken);
        return read.IsCompletedSuccessfully && !_late ? new ValueTask<ReadResult>(Account(read.Result)) : WaitAsync(read);
    }

    public override bool TryRead(out ReadResult result)
    {
        if (!_inner.TryRead(out result))
        {
            return false;
        }

        result = Account(result);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (limit is null && _underWay is { } read)
        {
            var released = read.Buffer.Slice(read.Buffer.Start, consumed).Length;
            memory.Release(released);
            _held -= released;
        }

        _underWay = null;
        _inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => _inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => _inner.Complete(exception);

    public void Dispose()
    {
        lock (_lock)
        {
            _ended = true;
        }

        // Who has failed while it read, as gRPC-Web's reader does, leaves that to be ended, or the connection is of no more use.
        if (_underWay is { } read)
        {
            _inner.AdvanceTo(read.Buffer.Start);
        }

        _timer?.Dispose();
        _stopTimer?.Dispose();
        memory.Release(_held);
    }

    private async ValueTask<ReadResult> WaitAsync(ValueTask<ReadResult> read)
    {
        if (limit is { } most)
        {
            _timer ??= time.CreateTimer(
                static request => ((WatchedRequest)request!).GiveUp(),
                this,
                Later(most - time.GetElapsedTime(_started)),
                Timeout.InfiniteTimeSpan);
        }

        ReadResult result;
        using (patience.Stopping.UnsafeRegister(static request => ((WatchedRequest)request!).BeginStop(), this))
        {
            result = await read;
        }

        if (result.IsCanceled && (_late || _abandoned))
        {
            if (result.IsCompleted)
            {
                return Account(new ReadResult(result.Buffer, isCanceled: false, isCompleted: true));
            }

            _inner.AdvanceTo(result.Buffer.End);
            throw _abandoned ? Abandoned() : Late();
        }

        _stopTimer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        return Account(result);
    }

    private Exception Late()
    {
        var message = string.Create(
            CultureInfo.InvariantCulture, $"The request did not arrive within {limit?.TotalSeconds} s.");
        return request.HttpContext.IsGrpc()
            ? new RpcException(new Status(StatusCode.DeadlineExceeded, message))
            : new BadHttpRequestException(message, StatusCodes.Status408RequestTimeout);
    }

    private static RpcException Abandoned() => new Refusal.Unavailable(
        "The gateway is stopping, and does not wait for the rest of the body. Try again later.").ToStatus().ToRpcException();

    // It would not fit if it were alone: to try again is of no use.
    private Exception TooLarge()
    {
        var message = string.Create(
            CultureInfo.InvariantCulture,
            $"The body is longer than the {memory.Capacity} bytes of memory that there are for bodies on their way.");
        return request.HttpContext.IsGrpc()
            ? new RpcException(new Status(StatusCode.ResourceExhausted, message))
            : new BadHttpRequestException(message, StatusCodes.Status413PayloadTooLarge);
    }

    private static TimeSpan Later(TimeSpan left) => left > TimeSpan.Zero ? left : TimeSpan.Zero;

    // What is not consumed stays in the server's buffers until the body is complete.
    private ReadResult Account(ReadResult result)
    {
        var more = result.Buffer.Length - _held;
        if (more > 0)
        {
            if (result.Buffer.Length > memory.Capacity)
            {
                _inner.AdvanceTo(result.Buffer.End);
                throw TooLarge();
            }

            if (!memory.TryTake(more))
            {
                _inner.AdvanceTo(result.Buffer.End);
                throw memory.Refuse();
            }

            _held += more;
        }

        _underWay = result;
        return result;
    }

    private void BeginStop()
    {
        lock (_lock)
        {
            if (!_ended)
            {
                _stopTimer ??= time.CreateTimer(
                    static request => ((WatchedRequest)request!).Abandon(),
                    this,
                    Timeout.InfiniteTimeSpan,
                    Timeout.InfiniteTimeSpan);
                _stopTimer.Change(patience.Limit, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void Abandon()
    {
        lock (_lock)
        {
            if (!_ended)
            {
                _abandoned = true;
                _inner.CancelPendingRead();
            }
        }
    }

    private void GiveUp()
    {
        lock (_lock)
        {
            if (_ended)
            {
                return;
            }

            if (!_isLastMoment)
            {
                _isLastMoment = true;
                _timer?.Change(LastMoment, Timeout.InfiniteTimeSpan);
            }
            else
            {
                _late = true;
                _inner.CancelPendingRead();
            }
        }
    }
}
