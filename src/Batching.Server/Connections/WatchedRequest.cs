using System.Globalization;
using System.IO.Pipelines;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;

namespace Batching.Server.Connections;

/// <summary>
/// The body of a request, which has to arrive within a time, and finds room beside the others that are on their way.
/// For one request.
/// </summary>
/// <param name="inner">The body as the server gives it.</param>
/// <param name="memory">What bodies on their way take.</param>
/// <param name="limit">How long the body may take.</param>
/// <param name="isGrpc">Whether it is a gRPC call, which has errors of its own.</param>
/// <param name="time">Tells the time.</param>
internal sealed class WatchedRequest(
    PipeReader inner, ReceivingMemory memory, TimeSpan limit, bool isGrpc, TimeProvider time)
    : PipeReader, IRequestBodyPipeFeature, IDisposable
{
    private readonly long _started = time.GetTimestamp();
    private readonly Lock _lock = new();
    private ITimer? _timer;
    private long _held;
    private bool _late;
    private bool _ended;

    public PipeReader Reader => this;

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var read = inner.ReadAsync(cancellationToken);
        return read.IsCompletedSuccessfully ? new ValueTask<ReadResult>(Account(read.Result)) : WaitAsync(read);
    }

    public override bool TryRead(out ReadResult result)
    {
        if (!inner.TryRead(out result))
        {
            return false;
        }

        result = Account(result);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => inner.AdvanceTo(consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) =>
        inner.AdvanceTo(consumed, examined);

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public void Dispose()
    {
        lock (_lock)
        {
            _ended = true;
        }

        _timer?.Dispose();
        memory.Release(_held);
    }

    private async ValueTask<ReadResult> WaitAsync(ValueTask<ReadResult> read)
    {
        _timer ??= time.CreateTimer(
            static request => ((WatchedRequest)request!).GiveUp(),
            this,
            Later(limit - time.GetElapsedTime(_started)),
            Timeout.InfiniteTimeSpan);
        var result = await read;
        if (result.IsCanceled && _late)
        {
            inner.AdvanceTo(result.Buffer.End);
            throw Late();
        }

        return Account(result);
    }

    private Exception Late()
    {
        var message = string.Create(
            CultureInfo.InvariantCulture, $"The request did not arrive within {limit.TotalSeconds} s.");
        return isGrpc
            ? new RpcException(new Status(StatusCode.DeadlineExceeded, message))
            : new BadHttpRequestException(message, StatusCodes.Status408RequestTimeout);
    }

    private static TimeSpan Later(TimeSpan left) => left > TimeSpan.Zero ? left : TimeSpan.Zero;

    // What is not consumed stays in the server's buffers until the body is complete.
    private ReadResult Account(ReadResult result)
    {
        var more = result.Buffer.Length - _held;
        if (more > 0)
        {
            if (!memory.TryTake(more))
            {
                inner.AdvanceTo(result.Buffer.End);
                throw memory.Refuse();
            }

            _held += more;
        }

        return result;
    }

    private void GiveUp()
    {
        lock (_lock)
        {
            if (!_ended)
            {
                _late = true;
                inner.CancelPendingRead();
            }
        }
    }
}
