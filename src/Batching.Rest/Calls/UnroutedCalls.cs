using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.Calls;

/// <summary>Gives calls that no endpoint takes a reply in the form of their path.</summary>
internal static class UnroutedCalls
{
    /// <summary>Goes before routing. What gRPC calls get has no body either, and is theirs.</summary>
    public static IApplicationBuilder UseUnroutedReplies(this IApplicationBuilder app) =>
        app.UseStatusCodePages(ReplyAsync);

    private static Task ReplyAsync(StatusCodeContext status)
    {
        var context = status.HttpContext;
        return context.IsGrpc() || !IsRoutings(context) ? Task.CompletedTask
            : context.Response.StatusCode switch
            {
                StatusCodes.Status404NotFound => context.RefuseAsync(
                    CallError.Of(CallErrorKinds.NoPath, "There is nothing at this path.")),
                StatusCodes.Status405MethodNotAllowed => context.RefuseAsync(CallError.Of(
                    CallErrorKinds.NoMethod,
                    $"The method {context.Request.Method} is not allowed at this path.")),
                _ => Task.CompletedTask,
            };
    }

    // Routing found no endpoint, or only its own that answers 405; other endpoints mean what they say.
    private static bool IsRoutings(HttpContext context) =>
        context.GetEndpoint() is not { } endpoint || endpoint.Metadata.Count == 0;
}
