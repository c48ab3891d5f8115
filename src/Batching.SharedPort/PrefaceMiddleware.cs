using System.Buffers;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Batching.SharedPort;

/// <summary>Looks at a connection's first bytes, leaves them where they are, and tells Kestrel what they say.</summary>
internal sealed partial class PrefaceMiddleware(ConnectionDelegate next, TimeSpan timeout, ILogger logger)
{
    // What a timer takes at most, in whole days. Kestrel's "never" is longer.
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromDays(49);

    // The first bytes of every HTTP/2 connection, chosen so that no HTTP/1.1 server takes them for a request (RFC 9113,
    // section 3.4).
    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    public async Task OnConnectionAsync(ConnectionContext connection)
    {
        try
        {
            if (await BeginsWithPrefaceAsync(connection))
            {
                Http2PriorKnowledge.SetFor(connection);
            }
        }
        catch (Exception exception)
        {
            // The time is over, the server stops, or the client has reset the connection: Kestrel closes it then.
            LogEndedEarly(logger, connection.ConnectionId, exception.Message);
            return;
        }

        await next(connection);
    }

    private async Task<bool> BeginsWithPrefaceAsync(ConnectionContext connection)
    {
        var lifetime = connection.Features.GetRequiredFeature<IConnectionLifetimeNotificationFeature>();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ConnectionClosedRequested);
        ending.CancelAfter(timeout < LongestTimeout ? timeout : LongestTimeout);
        var input = connection.Transport.Input;
        var examined = 0L;
        while (true)
        {
            var result = await input.ReadAsync(ending.Token);
            var buffer = result.Buffer;
            var isPreface = IsPreface(buffer);
            if (isPreface is not null || result.IsCompleted)
            {
                // What has just come counts as not examined: Kestrel's first read must find it at once.
                input.AdvanceTo(buffer.Start, buffer.GetPosition(examined));
                return isPreface is true;
            }

            examined = buffer.Length;
            input.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    /// <summary>Whether the bytes begin with the preface; null as long as they may.</summary>
    private static bool? IsPreface(in ReadOnlySequence<byte> buffer)
    {
        Span<byte> start = stackalloc byte[(int)Math.Min(buffer.Length, Preface.Length)];
        buffer.Slice(0, start.Length).CopyTo(start);
        return !Preface.StartsWith(start) ? false
            : start.Length == Preface.Length ? true
            : null;
    }

    [LoggerMessage(1, LogLevel.Debug, "Connection {ConnectionId} ended before its first bytes were there: {Reason}", EventName = "EndedEarly")]
    private static partial void LogEndedEarly(ILogger logger, string connectionId, string reason);
}
