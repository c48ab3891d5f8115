using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Batching.SampleApi;

/// <summary>
/// A small HTTP API to try a gateway on: one collection under every common style of paging, and calls
/// that are slow, fail, or answer with something other than JSON.
/// </summary>
public static class SampleApiEndpoints
{
    private const int LongestDelay = 600_000;

    /// <summary>
    /// Maps the API below <paramref name="prefix"/>. Every call waits <c>delay</c> milliseconds first if
    /// its query asks for that; the time comes from the registered <see cref="TimeProvider"/>, else from
    /// the system.
    /// </summary>
    public static IEndpointConventionBuilder MapSampleApi(this IEndpointRouteBuilder endpoints, string prefix = "/sample")
    {
        var time = endpoints.ServiceProvider.GetService<TimeProvider>() ?? TimeProvider.System;
        var api = endpoints.MapGroup(prefix);
        api.AddEndpointFilter(async (context, next) =>
            await DelayAsync(context.HttpContext, time, "delay", 0) ?? await next(context));

        new ItemEndpoints(time).Map(api);
        new FailEndpoint().Map(api);
        api.Map("/echo/{**path}", EchoEndpoint.Echo);
        api.MapRead("/slow", async (HttpContext context) =>
            await DelayAsync(context, time, "ms", 1000) ?? Reply.Json(new { message = "At last" }));
        api.MapRead("/image.png", FixedReplies.Image);
        api.MapRead("/text", FixedReplies.Text);
        api.MapRead("/empty", FixedReplies.Empty);
        api.MapRead("/numbers", FixedReplies.Numbers);
        api.MapRead("/bytes", BytesEndpoint.Bytes);
        api.Map("/{**path}", () => Reply.NotFound("There is nothing at this path"));
        return api;
    }

    /// <summary>Maps a call that only reads: GET, and HEAD for its header alone.</summary>
    internal static void MapRead(this IEndpointRouteBuilder endpoints, string pattern, Delegate handler)
        => endpoints.MapMethods(pattern, [HttpMethods.Get, HttpMethods.Head], handler);

    private static async Task<IResult?> DelayAsync(HttpContext context, TimeProvider time, string name, int fallback)
    {
        var query = new QueryReader(context.Request.Query);
        var milliseconds = query.Number(name, fallback, 0, LongestDelay);
        if (query.Error is { } error)
        {
            return Reply.BadRequest(error);
        }

        if (milliseconds > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(milliseconds), time, context.RequestAborted);
        }

        return null;
    }
}
