using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace Grpc.AspNetCore.Web.Internal;

/// <summary>Makes a gRPC-Web request look like gRPC to what follows, and turns the answer back.</summary>
internal sealed class GrpcWebMiddleware(IOptions<GrpcWebOptions> options, RequestDelegate next)
{
    public Task Invoke(HttpContext httpContext)
    {
        var mode = HttpMethods.IsPost(httpContext.Request.Method)
            ? GrpcWebContentType.ModeOf(httpContext.Request.ContentType)
            : GrpcWebMode.None;
        return mode != GrpcWebMode.None && IsEnabled(httpContext) ? HandleAsync(httpContext, mode) : next(httpContext);
    }

    private bool IsEnabled(HttpContext httpContext) =>
        httpContext.GetEndpoint()?.Metadata.GetMetadata<IGrpcWebEnabledMetadata>()?.GrpcWebEnabled ?? options.Value.DefaultEnabled;

    private async Task HandleAsync(HttpContext httpContext, GrpcWebMode mode)
    {
        var request = httpContext.Request;
        var protocol = request.Protocol;
        var contentType = request.ContentType!;
        var features = httpContext.Features;
        var body = features.GetRequiredFeature<IHttpResponseBodyFeature>();
        var bodyReader = features.Get<IRequestBodyPipeFeature>();
        var trailers = features.Get<IHttpResponseTrailersFeature>();

        // gRPC asks for HTTP/2, which gRPC-Web does without: trailers are the last frame of the body.
        request.Protocol = HttpProtocol.Http2;
        request.ContentType = GrpcWebContentType.ToGrpc(contentType, mode);
        var webBody = new GrpcWebResponseBody(body, mode);
        features.Set<IHttpResponseBodyFeature>(webBody);
        features.Set<IHttpResponseTrailersFeature>(webBody);
        if (mode == GrpcWebMode.Text)
        {
            features.Set<IRequestBodyPipeFeature>(new Base64RequestBody(request.BodyReader));
        }

        httpContext.Response.OnStarting(
            static state =>
            {
                var (response, mode) = ((HttpResponse, GrpcWebMode))state;
                if (GrpcWebContentType.Is(response.ContentType, GrpcWebContentType.Grpc))
                {
                    response.ContentType = GrpcWebContentType.FromGrpc(response.ContentType!, mode);
                }

                return Task.CompletedTask;
            },
            (httpContext.Response, mode));
        try
        {
            await next(httpContext);
            await webBody.WriteTrailersAsync();
        }
        finally
        {
            request.Protocol = protocol;
            request.ContentType = contentType;
            features.Set(body);
            features.Set(trailers);
            features.Set(bodyReader);
        }
    }
}
