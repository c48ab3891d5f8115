using Grpc.AspNetCore.JsonTranscoding.Internal.Calls;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Grpc.AspNetCore.JsonTranscoding.Internal;

/// <summary>
/// Gives 404 and 405 the form of the dialect whose paths these are. Stands before routing, since routing
/// answers them itself, and without a body.
/// </summary>
internal sealed class UnroutedReplyFilter(TranscodingServer server) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(InvokeAsync);
        next(app);
    };

    // gRPC calls have replies of their own, and are spared the wait.
    private Task InvokeAsync(HttpContext context, RequestDelegate next) =>
        context.Request.ContentType?.StartsWith("application/grpc", StringComparison.Ordinal) == true
            ? next(context)
            : InvokeAndReplyAsync(context, next);

    private async Task InvokeAndReplyAsync(HttpContext context, RequestDelegate next)
    {
        await next(context);
        if (context.Response.StatusCode is StatusCodes.Status404NotFound or StatusCodes.Status405MethodNotAllowed &&
            !context.Response.HasStarted && IsRoutingsOwn(context))
        {
            await ReplyAsync(context);
        }
    }

    /// <summary>
    /// Whether routing found no endpoint, or only its own that answers 405; other endpoints mean what they say.
    /// </summary>
    private static bool IsRoutingsOwn(HttpContext context) =>
        context.GetEndpoint() is not { } endpoint ||
        (endpoint.Metadata.Count == 0 && context.Response.StatusCode == StatusCodes.Status405MethodNotAllowed);

    private async Task ReplyAsync(HttpContext context)
    {
        var path = context.Request.Path;
        var routes = server.FindRoutes(path.Value ?? "").ToList();
        var dialect = routes.FirstOrDefault()?.Dialect ?? server.Options.Dialects.Find(path);
        if (dialect is null)
        {
            return;
        }

        if (routes.Count > 0 && context.Response.StatusCode == StatusCodes.Status404NotFound)
        {
            // The gRPC server's own catch-all keeps routing from seeing that only the method is wrong.
            var methods = routes.SelectMany(r => r.Methods).Distinct().Order(StringComparer.Ordinal);
            context.Response.Headers.Allow = string.Join(", ", methods);
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
        }

        await server.Errors.WriteAsync(context, dialect, context.Response.StatusCode == StatusCodes.Status404NotFound
            ? CallError.FromHttp(StatusCodes.Status404NotFound, StatusCode.NotFound, "There is nothing at this path.")
            : CallError.FromHttp(
                StatusCodes.Status405MethodNotAllowed,
                StatusCode.Unimplemented,
                $"The method {context.Request.Method} is not allowed at this path."));
    }
}
