using Batching.Server.Connections;
using Microsoft.AspNetCore.Http.Features;

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
        if (context.Features.Get<DeliveringReply>() is { } reply && !reply.IsCancelled)
        {
            var body = context.Features.GetRequiredFeature<WatchedResponse>();
            await body.FlushAsync();
            reply.IsWritten = body.IsWhole;
        }
    }
}
