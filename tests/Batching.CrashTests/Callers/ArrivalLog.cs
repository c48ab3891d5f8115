using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;

namespace Batching.CrashTests.Callers;

/// <summary>
/// Knows what has arrived of the replies to gRPC calls. The HTTP/2 client doesn't: when it can't write any more, because
/// the server is dead, it drops replies that have come whole and wait in the socket to be read. Thread-safe.
/// </summary>
internal sealed class ArrivalLog
{
    /// <summary>The header field that names a call on its connection.</summary>
    public const string HeaderName = "crash-call";

    private readonly ConcurrentDictionary<string, ArrivedReply> _replies = new(StringComparer.Ordinal);
    private int _calls;

    /// <summary>A name for a call, always of the same length.</summary>
    public string NextCall() => Interlocked.Increment(ref _calls).ToString("D8", CultureInfo.InvariantCulture);

    /// <summary>A call has left.</summary>
    public ArrivedReply Begin(string call) => _replies[call] = new ArrivedReply();

    /// <summary>What came back, once nothing more can come; null if the call never left.</summary>
    public async Task<ArrivedReply?> EndOfAsync(string call)
    {
        if (!_replies.TryRemove(call, out var reply))
        {
            return null;
        }

        // The kernel has closed the connections of a dead server.
        await reply.IsWhole.WaitAsync(TimeSpan.FromMinutes(1));
        return reply;
    }

    /// <summary>Nobody will ask for the reply to a call.</summary>
    public void Forget(string call) => _replies.TryRemove(call, out _);

    /// <summary>Connects with an eye on what comes in.</summary>
    public async ValueTask<Stream> ConnectAsync(
        SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new WatchedStream(new NetworkStream(socket, ownsSocket: true), new Http2Watch(this));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
