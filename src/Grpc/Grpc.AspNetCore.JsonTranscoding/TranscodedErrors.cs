using Google.Rpc;
using Grpc.AspNetCore.JsonTranscoding.Internal;
using Grpc.AspNetCore.JsonTranscoding.Internal.Calls;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.JsonTranscoding;

/// <summary>Errors of what stands before a call, such as authentication.</summary>
public static class TranscodedErrors
{
    /// <summary>
    /// Answers a request with an error in the form of its path's dialect, and with the HTTP status that the error's code
    /// has. The endpoint is known by then, the response has not begun.
    /// </summary>
    public static Task WriteTranscodedErrorAsync(this HttpContext context, Status status)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(status);
        var server = context.RequestServices.GetRequiredService<TranscodingServer>();
        var dialect = context.GetEndpoint()?.Metadata.GetMetadata<TranscodedRoute>()?.Dialect
            ?? server.Options.Dialects.Find(context.Request.Path)
            ?? server.Plain;
        return server.Errors.WriteAsync(context, dialect, CallError.FromRpc(status));
    }
}
