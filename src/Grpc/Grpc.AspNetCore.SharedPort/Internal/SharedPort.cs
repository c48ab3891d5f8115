using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.SharedPort.Internal;

/// <summary>Accepts the connections of one address and sorts them by protocol.</summary>
internal sealed class SharedPort(
    IReadOnlyList<EndPoint> endPoints,
    string? displayName,
    TimeSpan prefaceTimeout,
    TimeProvider timeProvider,
    ILoggerFactory loggerFactory) : IAsyncDisposable
{
    private readonly ILogger _logger = loggerFactory.CreateLogger("Grpc.AspNetCore.SharedPort");
    private readonly List<IConnectionListener> _listeners = [];
    private readonly List<Task> _acceptLoops = [];
    private readonly Channel<ConnectionContext> _http1 = Channel.CreateUnbounded<ConnectionContext>();
    private readonly Channel<ConnectionContext> _http2 = Channel.CreateUnbounded<ConnectionContext>();
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Connections whose protocol is not known yet, and one more until the port is unbound.
    private int _undecided = 1;
    private bool _unbound;
    private bool _disposed;

    /// <summary>What to report as the address: the bound one, or the name that was given.</summary>
    public string DisplayName => displayName
        ?? (_listeners.Count > 0 ? _listeners[0].EndPoint : endPoints[0]) switch
        {
            UnixDomainSocketEndPoint unix => $"unix:{unix}",
            var endPoint => endPoint.ToString()!,
        };

    public ChannelReader<ConnectionContext> Connections(HttpProtocols protocol) =>
        protocol == HttpProtocols.Http2 ? _http2.Reader : _http1.Reader;

    /// <summary>Binds the sockets for the first of the two endpoints; the second one finds them bound.</summary>
    /// <exception cref="AddressInUseException">Another process has the port.</exception>
    public async ValueTask BindAsync(IConnectionListenerFactory sockets, CancellationToken cancellationToken)
    {
        if (_listeners.Count > 0)
        {
            return;
        }

        foreach (var endPoint in endPoints)
        {
            try
            {
                _listeners.Add(await sockets.BindAsync(endPoint, cancellationToken));
            }
            catch (SocketException exception) when (endPoints.Count > 1)
            {
                // "localhost" is two addresses, and many machines have but one of them.
                SharedPortLog.AddressUnavailable(_logger, endPoint, exception.Message);
            }
        }

        if (_listeners.Count == 0)
        {
            throw new IOException($"Failed to bind to address http://{DisplayName}.");
        }

        foreach (var listener in _listeners)
        {
            _acceptLoops.Add(AcceptAsync(listener));
        }
    }

    public async ValueTask UnbindAsync(CancellationToken cancellationToken)
    {
        if (_unbound)
        {
            return;
        }

        _unbound = true;
        await _stopping.CancelAsync();
        foreach (var listener in _listeners)
        {
            await listener.UnbindAsync(cancellationToken);
        }

        await Task.WhenAll(_acceptLoops);
        Decided();
        await _drained.Task;
        _http1.Writer.TryComplete();
        _http2.Writer.TryComplete();
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        await UnbindAsync(CancellationToken.None);
        foreach (var listener in _listeners)
        {
            await listener.DisposeAsync();
        }

        _stopping.Dispose();
    }

    private async Task AcceptAsync(IConnectionListener listener)
    {
        try
        {
            while (await listener.AcceptAsync() is { } connection)
            {
                Interlocked.Increment(ref _undecided);
                _ = DispatchAsync(connection);
            }
        }
        catch (Exception exception)
        {
            SharedPortLog.AcceptFailed(_logger, exception);
        }
    }

    private void Decided()
    {
        if (Interlocked.Decrement(ref _undecided) == 0)
        {
            _drained.TrySetResult();
        }
    }

    private async Task DispatchAsync(ConnectionContext connection)
    {
        await SortAsync(connection);
        Decided();
    }

    private async Task SortAsync(ConnectionContext connection)
    {
        try
        {
            if (await DetectAsync(connection) is { } protocol
                && (protocol == HttpProtocols.Http2 ? _http2 : _http1).Writer.TryWrite(connection))
            {
                return;
            }
        }
        catch (OperationCanceledException)
        {
            SharedPortLog.PrefaceTimeout(_logger, connection.ConnectionId);
            connection.Abort(new ConnectionAbortedException("The first bytes did not come in time."));
        }
        catch (Exception exception)
        {
            // A reset by the client, as a rule.
            SharedPortLog.DetectionFailed(_logger, connection.ConnectionId, exception.Message);
        }

        try
        {
            await connection.DisposeAsync();
        }
        catch (Exception exception)
        {
            SharedPortLog.DetectionFailed(_logger, connection.ConnectionId, exception.Message);
        }
    }

    /// <summary>Looks at the first bytes and leaves them where they are; null when the client sent none and is gone.</summary>
    private async Task<HttpProtocols?> DetectAsync(ConnectionContext connection)
    {
        using var timeout = new CancellationTokenSource(prefaceTimeout, timeProvider);
        using var registration = _stopping.Token.UnsafeRegister(
            static state => ((CancellationTokenSource)state!).Cancel(), timeout);
        var input = connection.Transport.Input;
        long examined = 0;
        while (true)
        {
            var result = await input.ReadAsync(timeout.Token);
            var buffer = result.Buffer;
            var match = Http2Preface.Match(buffer);
            if (match == Http2Preface.Result.Incomplete && !result.IsCompleted)
            {
                examined = buffer.Length;
                input.AdvanceTo(buffer.Start, buffer.End);
                continue;
            }

            // What was not examined before is left so: Kestrel's first read must find it at once.
            input.AdvanceTo(buffer.Start, buffer.GetPosition(examined));
            return match == Http2Preface.Result.Match ? HttpProtocols.Http2
                : buffer.IsEmpty ? null
                : HttpProtocols.Http1;
        }
    }
}
