using Grpc.Core;
using Grpc.Net.Internal;
using Microsoft.AspNetCore.Http;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>Answers a request that never becomes a call.</summary>
internal static class TrailersOnly
{
    /// <summary>A status in the headers and no body ("Trailers-Only" in the specification).</summary>
    public static Task Write(HttpContext httpContext, StatusCode statusCode, string message)
    {
        var response = httpContext.Response;
        response.ContentType = GrpcProtocol.ContentType;
        ResponseMetadata.WriteStatus(response.Headers, new Status(statusCode, message));
        return Task.CompletedTask;
    }

    /// <summary>An HTTP error for what is no gRPC; gRPC clients read the status all the same.</summary>
    public static Task WriteHttpError(HttpContext httpContext, int httpStatus, StatusCode statusCode, string message)
    {
        httpContext.Response.StatusCode = httpStatus;
        ResponseMetadata.WriteStatus(httpContext.Response.Headers, new Status(statusCode, message));
        return Task.CompletedTask;
    }
}
