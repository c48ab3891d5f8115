using System.Globalization;
using System.IO.Pipelines;
using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Rest.Calls;
using Batching.Rest.Requests;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;

namespace Batching.Server.Connections;

/// <summary>
/// The body of a request, which has to arrive within a time and not to stall, and is charged to its caller while it is in
/// memory. For one request.
/// </summary>
/// <param name="request">The request.</param>
/// <param name="memory">What it holds.</param>
/// <param name="limits">How long it may take, and how long nothing of it may come.</param>
/// <param name="isStream">
/// Whether it is a stream of messages, which has limits of its own: only a message that has begun must not stall.
/// </param>
/// <param name="patience">How long it is waited for when the gateway stops.</param>
/// <param name="time">Tells the time.</param>
internal sealed class WatchedRequest(
    HttpRequest request, RequestMemory memory, LimitOptions limits, bool isStream, StopPatience patience, TimeProvider time)
    : PipeReader, IRequestBodyPipeFeature, IDisposable
{
    // When the time is over the reader gets another moment: after a pause of the whole process the clock would else win
    // against what has long arrived.
    private static readonly TimeSpan LastMoment = TimeSpan.FromSeconds(1);

    private readonly PipeReader _inner = request.BodyReader;
    private readonly long _started = time.GetTimestamp();
    private readonly Lock _lock = new();
    private ChargedReader? _charged;
    private Stream? _stream;
    private PipeReader? _replaced;
    private ITimer? _timer;
    private ITimer? _stopTimer;
    private ReadResult? _underWay;
    private TimeSpan? _wait;
    private long _waitStarted;
    private bool _isLastMoment;
    private bool _late;
    private bool _hasStalled;
    private volatile bool _abandoned;
    private bool _ended;

    public PipeReader Reader => ReferenceEquals(request.Body, _stream)
        ? _charged!
        : _replaced ??= new ChargedReader(PipeReader.Create(request.Body), memory, decompresses: true);

    /// <summary>Whether the gateway stops, and did not wait for the rest of the body.</summary>
    public bool IsAbandoned => _abandoned;

    /// <summary>Takes the place of the body. Whoever replaces it afterwards, to decompress it, is read from instead.</summary>
    public void Take()
    {
        _charged = new ChargedReader(this, memory);
        _stream = _charged.AsStream(leaveOpen: true);
        request.HttpContext.Features.Set<IRequestBodyPipeFeature>(this);
        request.Body = _stream;
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var read = _inner.ReadAsync(cancellationToken);
        return read.IsCompletedSuccessfully && !_late ? new ValueTask<ReadResult>(Note(read.Result)) : WaitAsync(read);
    }

    public override bool TryRead(out ReadResult result)
    {
        if (!_inner.TryRead(out result))
        {
            return false;
        }

        Note(result);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
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
    }

    private async ValueTask<ReadResult> WaitAsync(ValueTask<ReadResult> read)
    {
        memory.EndTurn();
        BeginWait();
        ReadResult result;
        using (patience.Stopping.UnsafeRegister(static request => ((WatchedRequest)request!).BeginStop(), this))
        {
            result = await read;
        }

        EndWait();
        if (result.IsCanceled && (_late || _abandoned))
        {
            if (result.IsCompleted)
            {
                return Note(new ReadResult(result.Buffer, isCanceled: false, isCompleted: true));
            }

            _inner.AdvanceTo(result.Buffer.End);
            throw _abandoned ? Abandoned() : Late();
        }

        _stopTimer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        return Note(result);
    }

    private Exception Late()
    {
        var message = _hasStalled
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"Nothing of the request came for {limits.SenderStall.TotalSeconds} s, and it is not complete ({OptionKey.Of<LimitOptions>(nameof(limits.SenderStall))}).")
            : string.Create(
                CultureInfo.InvariantCulture,
                $"The request did not arrive within {limits.SubmissionTime.TotalSeconds} s ({OptionKey.Of<LimitOptions>(nameof(limits.SubmissionTime))}).");
        return request.HttpContext.IsGrpc()
            ? new RpcException(new Status(StatusCode.DeadlineExceeded, message))
            : new BadHttpRequestException(message, StatusCodes.Status408RequestTimeout);
    }

    private static RpcException Abandoned() => new Refusal.Unavailable(
        "The gateway is stopping, and does not wait for the rest of the body. Try again later.").ToStatus().ToRpcException();

    private ReadResult Note(ReadResult result)
    {
        _underWay = result;
        return result;
    }

    private void BeginWait()
    {
        if (isStream && _charged?.Held is null or 0)
        {
            // Between two messages.
            return;
        }

        var left = limits.SubmissionTime - time.GetElapsedTime(_started);
        lock (_lock)
        {
            _hasStalled = isStream || left > limits.SenderStall;
            _wait = _hasStalled ? limits.SenderStall : left > TimeSpan.Zero ? left : TimeSpan.Zero;
            _waitStarted = time.GetTimestamp();
            _isLastMoment = false;
            _timer ??= time.CreateTimer(
                static request => ((WatchedRequest)request!).GiveUp(),
                this,
                Timeout.InfiniteTimeSpan,
                Timeout.InfiniteTimeSpan);
            _timer.Change(_wait.Value, Timeout.InfiniteTimeSpan);
        }
    }

    private void EndWait()
    {
        lock (_lock)
        {
            _wait = null;
            _timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
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
            if (_ended || _wait is not { } wait)
            {
                return;
            }

            // A timer that was due for the wait before this one.
            var left = wait - time.GetElapsedTime(_waitStarted);
            if (left > TimeSpan.Zero && !_isLastMoment)
            {
                _timer?.Change(left, Timeout.InfiniteTimeSpan);
            }
            else if (!_isLastMoment)
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
