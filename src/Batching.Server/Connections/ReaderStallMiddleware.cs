using Batching.Engine.Configuration;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace Batching.Server.Connections;

/// <summary>Cuts off readers that stall or are too slow. Outermost, so that whatever writes is watched.</summary>
internal sealed class ReaderStallMiddleware
{
    // Kestrel's own clock adds the time that this many bytes a second would take to the grace time. None, that is:
    // added up over what a client has read, it would let one that was fast stall for days.
    private const double Instantly = 1e12;

    private readonly RequestDelegate _next;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly StopPatience _patience;
    private readonly TimeSpan _stall;
    private readonly int _minRate;

    public ReaderStallMiddleware(
        RequestDelegate next,
        IOptions<BatchEngineOptions> options,
        IOptions<KestrelServerOptions> kestrel,
        StopPatience patience,
        TimeProvider time,
        ILogger<ReaderStallMiddleware> logger)
    {
        _next = next;
        _time = time;
        _logger = logger;
        _patience = patience;
        _stall = options.Value.Limits.ReaderStall;
        _minRate = options.Value.Limits.ReaderMinRate;

        // The second line, for what no call waits for: the tail of a reply, and connections that take nothing at all.
        // Later than the first one, because over HTTP/2 it ends the connection with all its streams.
        kestrel.Value.Limits.MinResponseDataRate = new MinDataRate(Instantly, 2 * _stall);
    }

    public async Task InvokeAsync(HttpContext context)
    {
        var inner = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        using var body = new WatchedResponse(context, inner, _stall, _minRate, _patience, _time, _logger);
        context.Features.Set<IHttpResponseBodyFeature>(body);
        context.Features.Set(body);
        try
        {
            await _next(context);
            await body.EndAsync();
        }
        finally
        {
            context.Features.Set(inner);
        }
    }
}
