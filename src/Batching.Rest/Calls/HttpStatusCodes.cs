using Grpc.Core;
using HttpCodes = Microsoft.AspNetCore.Http.StatusCodes;

namespace Batching.Rest.Calls;

/// <summary>The HTTP status of each gRPC code, as google/rpc/code.proto documents them.</summary>
internal static class HttpStatusCodes
{
    public static int FromGrpc(StatusCode code) => code switch
    {
        StatusCode.OK => HttpCodes.Status200OK,
        StatusCode.Cancelled => HttpCodes.Status499ClientClosedRequest,
        StatusCode.InvalidArgument => HttpCodes.Status400BadRequest,
        StatusCode.DeadlineExceeded => HttpCodes.Status504GatewayTimeout,
        StatusCode.NotFound => HttpCodes.Status404NotFound,
        StatusCode.AlreadyExists => HttpCodes.Status409Conflict,
        StatusCode.PermissionDenied => HttpCodes.Status403Forbidden,
        StatusCode.Unauthenticated => HttpCodes.Status401Unauthorized,
        StatusCode.ResourceExhausted => HttpCodes.Status429TooManyRequests,
        StatusCode.FailedPrecondition => HttpCodes.Status400BadRequest,
        StatusCode.Aborted => HttpCodes.Status409Conflict,
        StatusCode.OutOfRange => HttpCodes.Status400BadRequest,
        StatusCode.Unimplemented => HttpCodes.Status501NotImplemented,
        StatusCode.Unavailable => HttpCodes.Status503ServiceUnavailable,
        _ => HttpCodes.Status500InternalServerError,
    };
}
