using Grpc.AspNetCore.JsonTranscoding.Internal.Calls;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Grpc.AspNetCore.JsonTranscoding.Internal;

/// <summary>
/// Gives 404 and 405 under a dialect's prefix the dialect's form. Stands before routing, since routing
/// answers these itself.
/// </summary>
internal sealed class DialectErrorFilter(TranscodingServer server) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        if (server.Options.Dialects.HasPrefixes)
        {
            app.Use(InvokeAsync);
        }

        next(app);
    };

    private async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        await next(context);
        if (context.Response.StatusCode is not (StatusCodes.Status404NotFound or StatusCodes.Status405MethodNotAllowed) ||
            context.Response.HasStarted || !IsRoutingsOwn(context) ||
            server.Options.Dialects.Find(context.Request.Path) is not { } dialect)
        {
            return;
        }

        var error = context.Response.StatusCode == StatusCodes.Status404NotFound
            ? CallError.FromHttp(StatusCodes.Status404NotFound, StatusCode.NotFound, "There is nothing at this path.")
            : CallError.FromHttp(
                StatusCodes.Status405MethodNotAllowed,
                StatusCode.Unimplemented,
                $"The method {context.Request.Method} is not allowed at this path.");
        await server.Errors.WriteAsync(context, dialect, error);
    }

    /// <summary>Whether routing found no endpoint, or only its own that answers 405; other endpoints mean what they say.</summary>
    private static bool IsRoutingsOwn(HttpContext context) =>
        context.GetEndpoint() is not { } endpoint ||
        (endpoint.Metadata.Count == 0 && context.Response.StatusCode == StatusCodes.Status405MethodNotAllowed);
}
