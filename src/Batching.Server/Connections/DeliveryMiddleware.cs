using Batching.Engine.Delivery;
using Batching.Rest.Calls;
using Microsoft.AspNetCore.Http.Features;

namespace Batching.Server.Connections;

/// <summary>
/// Waits, once everything else has written its part of a reply that is to be delivered, until its body has left. Over
/// HTTP/2 Kestrel else ends a reply right away, while all of its body may still wait for a client that does not read it.
/// </summary>
internal sealed class DeliveryMiddleware(RequestDelegate next, RecentReplies replies)
{
    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        if (context.Features.Get<DeliveringReply>() is { IsPending: true } reply
            && context.Response.StatusCode == StatusCodes.Status200OK)
        {
            var body = context.Features.GetRequiredFeature<WatchedResponse>();
            await body.FlushAsync();
            if (body.IsWhole)
            {
                reply.Written(Arriving(context));
            }
        }
    }

    private Action<Delivery> Arriving(HttpContext context)
    {
        var connection = context.Features.GetRequiredFeature<WatchedConnection>();
        if (HttpProtocol.IsHttp2(context.Request.Protocol))
        {
            connection.SetMultiplexed();
        }

        return delivery => replies.Add(connection, delivery);
    }
}
