namespace Grpc.AspNetCore.Server.Internal;

/// <summary>
/// Ends a call at its deadline even if the handler goes on. The response belongs to whoever takes the call's end
/// first: the handler's return or the timer; the lock decides, and keeps the timer out of a write under way.
/// </summary>
internal sealed class ServerCallDeadline : IDisposable
{
    // The longest that a timer can run; a later deadline is reached in steps.
    private static readonly TimeSpan MaxTimerDuration = TimeSpan.FromMilliseconds(uint.MaxValue - 1L);

    // A message that only goes into the buffer is there in no time, and a status can follow it.
    private static readonly TimeSpan BufferingTime = TimeSpan.FromMilliseconds(1);

    private readonly HttpContextServerCallContext _call;
    private readonly TimeProvider _timeProvider;
    private readonly Lock _lock = new();
    private readonly ITimer _timer;
    private CancellationTokenSource? _cancellation;
    private TaskCompletionSource? _completed;
    private bool _ended;
    private bool _writing;
    private bool _buffering;

    public ServerCallDeadline(HttpContextServerCallContext call, TimeSpan timeout, TimeProvider timeProvider)
    {
        _call = call;
        _timeProvider = timeProvider;
        Timeout = timeout;
        var now = timeProvider.GetUtcNow().UtcDateTime;
        At = timeout < DateTime.MaxValue - now ? now + timeout : DateTime.SpecifyKind(DateTime.MaxValue, DateTimeKind.Utc);

        _timer = timeProvider.CreateTimer(
            static state => ((ServerCallDeadline)state!).OnTimer(),
            this,
            System.Threading.Timeout.InfiniteTimeSpan,
            System.Threading.Timeout.InfiniteTimeSpan);
    }

    public DateTime At { get; }

    public TimeSpan Timeout { get; }

    public bool IsExceeded { get; private set; }

    /// <summary>Cancelled at the deadline and when the client goes away.</summary>
    public CancellationToken Token
    {
        get
        {
            lock (_lock)
            {
                if (_cancellation is null)
                {
                    _cancellation = CancellationTokenSource.CreateLinkedTokenSource(_call.HttpContext.RequestAborted);
                    if (IsExceeded)
                    {
                        _cancellation.Cancel();
                    }
                }

                return _cancellation.Token;
            }
        }
    }

    /// <summary>Starts the timer, which may end the call before this returns: the call must know its deadline by then.</summary>
    public void Start() => Arm(Timeout);

    /// <summary>False when the call has ended and nothing may be written.</summary>
    /// <param name="buffers">The write waits for nothing, so that the deadline waits for it.</param>
    public bool TryBeginWrite(bool buffers)
    {
        lock (_lock)
        {
            _buffering = buffers;
            return !_ended && (_writing = true);
        }
    }

    public void EndWrite()
    {
        lock (_lock)
        {
            _writing = _buffering = false;
        }
    }

    /// <summary>Null for the first caller, who then writes the call's status; else what to wait for.</summary>
    /// <remarks>Until then the timer uses the request, which the server takes back as soon as the handler returns.</remarks>
    public Task? TryEnd()
    {
        lock (_lock)
        {
            if (_ended)
            {
                return _completed!.Task;
            }

            _ended = true;
            return null;
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        _cancellation?.Dispose();
    }

    private void Arm(TimeSpan remaining) => _timer.Change(
        remaining < MaxTimerDuration ? remaining : MaxTimerDuration,
        System.Threading.Timeout.InfiniteTimeSpan);

    private void OnTimer()
    {
        var remaining = At - _timeProvider.GetUtcNow().UtcDateTime;
        if (remaining > TimeSpan.FromMinutes(1))
        {
            Arm(remaining);
            return;
        }

        bool writing;
        lock (_lock)
        {
            if (_ended)
            {
                return;
            }

            if (_buffering)
            {
                Arm(BufferingTime);
                return;
            }

            _ended = true;
            IsExceeded = true;
            writing = _writing;
            _completed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        _ = CompleteAsync(writing);
    }

    private async Task CompleteAsync(bool writing)
    {
        try
        {
            var completion = _call.EndAtDeadlineAsync(writing);
            _cancellation?.Cancel();
            await completion;
        }
        catch (Exception exception)
        {
            // The client may reset the stream at the same moment, or a callback of the handler's may fail. The call is
            // over either way, and an exception that left a timer's callback would end the process.
            _call.FailedAfterEnd(exception);
        }

        _completed!.SetResult();
    }
}
