using System.Globalization;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.Calls;

/// <summary>
/// The deadline of a REST call, which sets it as gRPC clients do: <c>grpc-timeout</c>, at most eight digits and a unit. The
/// official transcoder does not look at it. For one request.
/// </summary>
internal sealed class CallDeadline : IDisposable
{
    private const string Header = "grpc-timeout";

    // The longest time that a timer takes; beyond it a deadline is as good as none.
    private static readonly TimeSpan MaxTimer = TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    private readonly HttpContext _context;
    private readonly CancellationToken _aborted;
    private readonly CancellationTokenSource _timer;
    private readonly CancellationTokenSource _linked;

    private CallDeadline(HttpContext context, TimeSpan timeout, TimeProvider time)
    {
        _context = context;
        _aborted = context.RequestAborted;
        // A timer that has no whole millisecond to go fires when it finds a thread, which may be after the call.
        _timer = new CancellationTokenSource(
            timeout < TimeSpan.FromMilliseconds(1) ? TimeSpan.Zero : timeout < MaxTimer ? timeout : MaxTimer, time);
        _linked = CancellationTokenSource.CreateLinkedTokenSource(_timer.Token, _aborted);
        context.RequestAborted = _linked.Token;
        context.Features.Set(this);
    }

    /// <summary>Starts the clock of a request that names a deadline; null for any other.</summary>
    /// <exception cref="RefusedCallException">It is none.</exception>
    public static CallDeadline? Start(HttpContext context, TimeProvider time)
    {
        var values = context.Request.Headers[Header];
        if (values.Count == 0)
        {
            return null;
        }

        return TryParse(values.ToString(), out var timeout)
            ? new CallDeadline(context, timeout, time)
            : throw new RefusedCallException(
                Header, "must be at most eight digits and one of the units H, M, S, m, u, n");
    }

    /// <summary>Whether the deadline of a REST call has passed.</summary>
    public static bool HasPassed(ServerCallContext context) =>
        context.GetHttpContext().Features.Get<CallDeadline>()?._timer.IsCancellationRequested == true;

    public void Dispose()
    {
        _context.RequestAborted = _aborted;
        _linked.Dispose();
        _timer.Dispose();
    }

    // gRPC over HTTP/2, "Timeout".
    private static bool TryParse(string text, out TimeSpan timeout)
    {
        timeout = default;
        if (text.Length is < 2 or > 9
            || !long.TryParse(text.AsSpan(..^1), NumberStyles.None, CultureInfo.InvariantCulture, out var value))
        {
            return false;
        }

        long? ticks = text[^1] switch
        {
            'H' => value * TimeSpan.TicksPerHour,
            'M' => value * TimeSpan.TicksPerMinute,
            'S' => value * TimeSpan.TicksPerSecond,
            'm' => value * TimeSpan.TicksPerMillisecond,
            'u' => value * TimeSpan.TicksPerMicrosecond,
            'n' => (value + TimeSpan.NanosecondsPerTick - 1) / TimeSpan.NanosecondsPerTick,
            _ => null,
        };
        timeout = new TimeSpan(ticks ?? 0);
        return ticks is not null;
    }
}
