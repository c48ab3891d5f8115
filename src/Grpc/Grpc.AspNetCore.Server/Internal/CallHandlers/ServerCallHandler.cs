using Grpc.Core;
using Grpc.Net.Internal;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Grpc.AspNetCore.Server.Internal.CallHandlers;

/// <summary>Answers the requests of one method: what all four kinds have in common.</summary>
internal abstract class ServerCallHandler<TRequest, TResponse>(Method<TRequest, TResponse> method, ServerMethod shared)
    where TRequest : class
    where TResponse : class
{
    // Kestrel's default limit of a request body is about 28.6 MiB; only messages near it need it lifted.
    private const int LargeMessage = 16 * 1024 * 1024;

    protected Method<TRequest, TResponse> Method { get; } = method;

    private bool IsRequestStream => Method.Type is MethodType.ClientStreaming or MethodType.DuplexStreaming;

    public Task HandleAsync(HttpContext httpContext)
    {
        var request = httpContext.Request;
        if (!GrpcProtocol.IsGrpcContentType(request.ContentType))
        {
            GrpcServerLog.UnsupportedContentType(shared.Logger, request.ContentType);
            return TrailersOnly.WriteHttpError(
                httpContext,
                StatusCodes.Status415UnsupportedMediaType,
                StatusCode.Internal,
                request.ContentType is null
                    ? "Content-Type is missing from the request."
                    : $"Content-Type '{request.ContentType}' is not supported.");
        }

        if (!HttpProtocol.IsHttp2(request.Protocol) && !HttpProtocol.IsHttp3(request.Protocol))
        {
            GrpcServerLog.UnsupportedProtocol(shared.Logger, request.Protocol);
            return TrailersOnly.WriteHttpError(
                httpContext,
                StatusCodes.Status426UpgradeRequired,
                StatusCode.Internal,
                $"Request protocol '{request.Protocol}' is not supported.");
        }

        return HandleCallAsync(httpContext);
    }

    protected abstract ValueTask InvokeAsync(HttpContextServerCallContext call);

    private async Task HandleCallAsync(HttpContext httpContext)
    {
        httpContext.Response.ContentType = GrpcProtocol.ContentType;
        LiftBodyLimits(httpContext);
        using var call = new HttpContextServerCallContext(httpContext, shared);
        try
        {
            call.Start();
            await InvokeAsync(call);
        }
        catch (Exception exception)
        {
            call.Fail(exception);
        }

        await call.EndAsync();
    }

    private void LiftBodyLimits(HttpContext httpContext)
    {
        if (!IsRequestStream && shared.Options.MaxReceiveMessageSize <= LargeMessage)
        {
            return;
        }

        if (httpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }

        // A stream may well be silent for longer than an upload may.
        if (IsRequestStream
            && httpContext.Features.Get<Microsoft.AspNetCore.Server.Kestrel.Core.Features.IHttpMinRequestBodyDataRateFeature>()
                is { } rate)
        {
            rate.MinDataRate = null;
        }
    }
}
