using Google.Protobuf;
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
    public static Task RefuseAsync(this HttpContext context, StatusCode code, string message) =>
        context.RefuseAsync(new Google.Rpc.Status { Code = (int)code, Message = message });

    /// <summary>The same with details.</summary>
    public static Task RefuseAsync(this HttpContext context, Google.Rpc.Status status)
    {
        if (context.Request.ContentType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) != true)
        {
            return context.WriteTranscodedErrorAsync(status);
        }

        var response = context.Response;
        response.ContentType = "application/grpc";
        response.Headers["grpc-status"] = status.Code.ToString(System.Globalization.CultureInfo.InvariantCulture);
        response.Headers["grpc-message"] = status.Message;
        if (status.Details.Count > 0)
        {
            response.Headers["grpc-status-details-bin"] = Convert.ToBase64String(status.ToByteArray()).TrimEnd('=');
        }

        return Task.CompletedTask;
    }

    private sealed class OfBatchService;
}
