using Google.Rpc;
using Grpc.AspNetCore.JsonTranscoding;
using Grpc.Core;

namespace Batching.Server.Security;

/// <summary>Ends calls before they are read.</summary>
internal static class RefusedCall
{
    /// <summary>Says that the endpoints are of a batch service: they have callers, and take no calls of foreign pages.</summary>
    public static TBuilder AsBatchService<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder
    {
        builder.Add(static endpoint => endpoint.Metadata.Add(new OfBatchService()));
        return builder;
    }

    /// <summary>Whether the call goes to such an endpoint.</summary>
    public static bool IsCallOfABatchService(this HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<OfBatchService>() is not null;

    /// <summary>
    /// Answers with an error in the form of the call: a status in the headers for gRPC ("Trailers-Only" in its
    /// specification), JSON in the path's dialect for REST.
    /// </summary>
    /// <param name="context">The call.</param>
    /// <param name="code">What the error is.</param>
    /// <param name="message">For the caller, in printable ASCII.</param>
    public static Task RefuseAsync(this HttpContext context, StatusCode code, string message)
    {
        if (context.Request.ContentType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) != true)
        {
            return context.WriteTranscodedErrorAsync(new Google.Rpc.Status { Code = (int)code, Message = message });
        }

        var response = context.Response;
        response.ContentType = "application/grpc";
        response.Headers["grpc-status"] = ((int)code).ToString(System.Globalization.CultureInfo.InvariantCulture);
        response.Headers["grpc-message"] = message;
        return Task.CompletedTask;
    }

    private sealed class OfBatchService;
}
