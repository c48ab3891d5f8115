using Grpc.Core;
using Grpc.Net.Internal;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>
/// Answers calls that no endpoint took, at the end of the pipeline. Endpoints with parameters in their paths could do
/// it as well, but they match what the services' own endpoints match, so that routing would weigh them with every call.
/// </summary>
internal sealed class UnimplementedStartupFilter(
    MappedServices mappedServices,
    IOptions<GrpcServiceOptions> options,
    ILoggerFactory loggerFactory) : IStartupFilter
{
    private readonly ILogger _logger = loggerFactory.CreateLogger("Grpc.AspNetCore.Server.Unimplemented");

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => builder =>
    {
        next(builder);
        builder.Use(goOn => httpContext => IsCall(httpContext) ? Answer(httpContext, goOn) : goOn(httpContext));
    };

    private static bool IsCall(HttpContext httpContext) =>
        httpContext.GetEndpoint() is null
        && HttpMethods.IsPost(httpContext.Request.Method)
        && GrpcProtocol.IsGrpcContentType(httpContext.Request.ContentType);

    private Task Answer(HttpContext httpContext, RequestDelegate goOn)
    {
        // "Path" in the specification: "/" Service-Name "/" method name.
        var path = httpContext.Request.Path.Value.AsSpan().TrimStart('/');
        var slash = path.LastIndexOf('/');
        if (slash >= 0 && mappedServices.Contains(path[..slash].ToString()))
        {
            GrpcServerLog.MethodUnimplemented(_logger, httpContext.Request.Path.Value);
            return TrailersOnly.Write(httpContext, StatusCode.Unimplemented, "Method is unimplemented.");
        }

        if (options.Value.IgnoreUnknownServices == true)
        {
            return goOn(httpContext);
        }

        GrpcServerLog.ServiceUnimplemented(_logger, httpContext.Request.Path.Value);
        return TrailersOnly.Write(httpContext, StatusCode.Unimplemented, "Service is unimplemented.");
    }
}
