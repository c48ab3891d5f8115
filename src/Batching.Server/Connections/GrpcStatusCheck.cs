using Batching.Rest.Calls;
using Microsoft.AspNetCore.Http.Features;

namespace Batching.Server.Connections;

/// <summary>
/// Sees to it that a gRPC reply delivers nothing unless its status is OK: its HTTP status is 200 all the same, and it may
/// fail after the call has returned, while it is encoded. Goes behind gRPC-Web, which sends the trailers as a part of the
/// body and shows them to nobody before it.
/// </summary>
internal static class GrpcStatusCheck
{
    private const string Status = "grpc-status";

    public static async Task CheckAsync(HttpContext context, RequestDelegate next)
    {
        await next(context);
        if (context.IsGrpc() && context.Features.Get<DeliveringReply>() is { } reply && !IsOk(context))
        {
            reply.Fail();
        }
    }

    // In the trailers, or in the header of a reply that has nothing else ("Trailers-Only" in gRPC's specification).
    private static bool IsOk(HttpContext context) =>
        context.Response.Headers[Status].Count == 0
        && context.Features.Get<IHttpResponseTrailersFeature>()?.Trailers[Status].ToString() == "0";
}
