using Microsoft.AspNetCore.Connections.Features;

namespace Batching.Server.Services;

/// <summary>A reply of which it must be known whether it was written.</summary>
/// <param name="callCancelled">Cancelled when the call ends otherwise, at its deadline for example.</param>
internal sealed class DeliveringReply(CancellationToken callCancelled)
{
    /// <summary>Its whole body has left for the connection, which had not broken.</summary>
    public bool IsWritten { get; private set; }

    private bool IsCancelled => callCancelled.IsCancellationRequested;

    /// <summary>
    /// Waits, once everything else has written its part of a reply, until the body has left. Over HTTP/2 Kestrel else
    /// ends a reply right away, while all of its body may still wait for a client that does not read it.
    /// </summary>
    public static async Task FlushAsync(HttpContext context, RequestDelegate next)
    {
        await next(context);

        // Whether the connection has broken is asked before the last of the body leaves, and by what the flush says.
        // Later is too late: a client may close its connection as soon as it has read the reply.
        if (context.Features.Get<DeliveringReply>() is { } reply && !reply.IsCancelled && !IsBroken(context))
        {
            var flush = await context.Response.BodyWriter.FlushAsync();
            reply.IsWritten = !flush.IsCompleted && !flush.IsCanceled;
        }
    }

    // When a connection breaks under a reply, Kestrel first closes the socket, then lets writes go nowhere, and then,
    // on another thread, cancels RequestAborted: that alone comes too late to tell a cut reply from a whole one.
    private static bool IsBroken(HttpContext http) =>
        http.RequestAborted.IsCancellationRequested
        || http.Features.Get<IConnectionSocketFeature>()?.Socket.SafeHandle.IsClosed == true;
}
