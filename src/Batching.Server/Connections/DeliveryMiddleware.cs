using Batching.Rest.Calls;
using Microsoft.AspNetCore.Http.Features;

namespace Batching.Server.Connections;

/// <summary>
/// Waits, once everything else has written its part of a reply that is to be delivered, until its body has left. Over
/// HTTP/2 Kestrel else ends a reply right away, while all of its body may still wait for a client that does not read it.
/// </summary>
internal sealed class DeliveryMiddleware(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        if (context.Features.Get<DeliveringReply>() is { IsPending: true } reply && IsSuccess(context))
        {
            var body = context.Features.GetRequiredFeature<WatchedResponse>();
            await body.FlushAsync();
            if (body.IsWhole)
            {
                reply.Written();
            }
        }
    }

    // An error in the place of a reply delivers nothing, however completely it is written. Over gRPC its status is 200, too.
    private static bool IsSuccess(HttpContext context) =>
        context.Response.StatusCode == StatusCodes.Status200OK
        && (!context.IsGrpc()
            || (context.Features.Get<IHttpResponseTrailersFeature>()?.Trailers["grpc-status"].ToString() ?? "0") is "0" or "");
}
