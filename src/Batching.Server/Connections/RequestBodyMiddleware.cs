using Batching.Engine.Configuration;
using Batching.Engine.Quotas;
using Batching.Rest.Requests;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Options;

namespace Batching.Server.Connections;

/// <summary>Ends requests whose bodies take too long or stall, and those for whose bodies there is no room.</summary>
internal sealed class RequestBodyMiddleware(
    RequestDelegate next,
    MemoryBudgets budgets,
    StopPatience patience,
    IOptions<BatchEngineOptions> options,
    TimeProvider time)
{
    private static readonly TimeSpan ReplyTime = TimeSpan.FromMilliseconds(500);

    private readonly LimitOptions _limits = options.Value.Limits;

    public Task InvokeAsync(HttpContext context) =>
        context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true }
            ? WatchAsync(context)
            : next(context);

    // A stream of requests lasts for as long as its client wants.
    private static bool IsStream(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>()?.Method.Type
            is MethodType.ClientStreaming or MethodType.DuplexStreaming;

    private async Task WatchAsync(HttpContext context)
    {
        // Over HTTP/2 the server's own limit ends the connection with all its streams.
        if (HttpProtocol.IsHttp2(context.Request.Protocol)
            && context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }

        using var memory = new RequestMemory(context, budgets);
        context.Features.Set(memory);
        using var body = new WatchedRequest(context.Request, memory, _limits, IsStream(context), patience, time);
        body.Take();
        await next(context);
        if (body.IsAbandoned && !HttpProtocol.IsHttp2(context.Request.Protocol))
        {
            // The server would wait for the rest of the body for another five seconds. The reply is not on its way yet when
            // it is complete.
            await context.Response.CompleteAsync();
            await Task.Delay(ReplyTime, time, CancellationToken.None);
            context.Abort();
        }
    }
}
