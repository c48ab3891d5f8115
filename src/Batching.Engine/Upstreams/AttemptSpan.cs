using System.Diagnostics;
using Batching.Engine.Model;
using Batching.Engine.Telemetry;

namespace Batching.Engine.Upstreams;

/// <summary>
/// The activity of one attempt of a call, with the attributes that the semantic conventions of OpenTelemetry have for the span of an
/// HTTP client.
/// </summary>
internal static class AttemptSpan
{
    /// <summary>Begins it, if the request that makes the call is recorded.</summary>
    /// <param name="call">The call.</param>
    /// <param name="resends">How often it was sent before.</param>
    public static Activity? Start(UpstreamCall call, int resends)
    {
        var attempt = BatchActivities.StartAttempt(call.Method.Method);
        if (attempt is { IsAllDataRequested: true })
        {
            var upstream = call.Route.Upstream;
            attempt.SetTag("http.request.method", call.Method.Method);
            attempt.SetTag("server.address", upstream.Host);
            attempt.SetTag("server.port", upstream.Port);
            attempt.SetTag("url.full", upstream.BaseAddress + WithoutQuery(call.Route.PathAndQuery));
            if (resends > 0)
            {
                attempt.SetTag("http.request.resend_count", resends);
            }
        }

        return attempt;
    }

    /// <summary>Ends it.</summary>
    /// <returns>The reply.</returns>
    public static UpstreamReply End(Activity? attempt, UpstreamReply reply)
    {
        attempt?.End(reply);
        return reply;
    }

    /// <summary>Ends it without an answer: the time of the call is over, or it is not wanted any more.</summary>
    public static void GiveUp(Activity attempt)
    {
        attempt.SetTag("error.type", "cancelled");
        attempt.SetStatus(ActivityStatusCode.Error);
    }

    // A query may hold what is nobody's business.
    private static string WithoutQuery(string target)
    {
        var query = target.IndexOf('?', StringComparison.Ordinal);
        return query < 0 ? target : string.Concat(target.AsSpan(0, query), "?*");
    }
}
