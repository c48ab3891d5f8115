using System.Diagnostics;
using System.Globalization;
using Batching.Engine.Model;

namespace Batching.Engine.Telemetry;

/// <summary>
/// The activities of the engine, which are the spans of a trace: the submission of a batch, the requests of that batch, and the
/// attempts of each. Nothing is made of them unless somebody listens, and nothing of a batch whose submission nobody
/// records. Thread-safe.
/// </summary>
public static class BatchActivities
{
    /// <summary>The name of the source, which is that of the meter.</summary>
    public const string SourceName = BatchMetrics.MeterName;

    /// <summary>The tag with the id of the batch.</summary>
    public const string BatchId = "batching.batch.id";

    /// <summary>The tag with the id of the request.</summary>
    public const string RequestId = "batching.request.id";

    internal const string Coalesced = "batching.coalesced";

    internal const string RequestCount = "batching.batch.requests";

    internal const string SubmitName = "batching.submit";
    internal const string RunName = "batching.run";

    private const string RequestName = "batching.request";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Whether anybody listens.</summary>
    internal static bool AreWanted => Source.HasListeners();

    /// <summary>Begins the activity of a call that brings a batch.</summary>
    /// <param name="name">What the call does.</param>
    /// <param name="client">Who calls: its <c>traceparent</c> is the parent.</param>
    /// <returns>To be disposed at the end; null if nobody listens. It may be one that is not recorded.</returns>
    internal static Activity? StartSubmission(string name, ClientInfo client)
    {
        // The server has an activity of its own for each call, which nobody records.
        Activity.Current = null;
        return ForwardedFields.TryParse(client.TraceParent, out var parent)
            ? Source.StartActivity(name, ActivityKind.Server, parent)
            : Source.StartActivity(name, ActivityKind.Server);
    }

    /// <summary>Waits for what comes of a call that brings a batch, and says in its activity if that is nothing.</summary>
    internal static async ValueTask<Outcome<T>> WatchAsync<T>(this Activity? submission, ValueTask<Outcome<T>> outcome)
        where T : class
    {
        try
        {
            var result = await outcome;
            if (!result.Succeeded)
            {
                submission?.SetTag("error.type", result.Refusal.GetType().Name).SetStatus(ActivityStatusCode.Error);
            }

            return result;
        }
        catch (Exception exception)
        {
            submission?.SetTag("error.type", exception.GetType().Name).SetStatus(ActivityStatusCode.Error);
            throw;
        }
    }

    /// <summary>Begins the activity of one request, from its turn to its answer.</summary>
    /// <param name="submission">The parent; the default if the submission was not recorded.</param>
    /// <param name="cause">The request that has spawned this one; the default if none has, or it is not known.</param>
    /// <param name="upstream">The name of its upstream.</param>
    /// <returns>To be ended with <see cref="End"/>; null if the request is not recorded.</returns>
    internal static Activity? StartRequest(ActivityContext submission, ActivityContext cause, string upstream)
    {
        if (submission == default || !Source.HasListeners())
        {
            return null;
        }

        var request = Source.StartActivity(
            RequestName, ActivityKind.Internal, submission, links: cause == default ? null : [new ActivityLink(cause)]);
        return request?.SetTag("batching.upstream", upstream);
    }

    /// <summary>Ends the activity of a request, or of an attempt.</summary>
    /// <param name="activity">The activity.</param>
    /// <param name="reply">What came of it; null if the request is left for the next start.</param>
    internal static void End(this Activity activity, UpstreamReply? reply)
    {
        if (reply is not null)
        {
            if (reply.Failure == Failure.None)
            {
                activity.SetTag("http.response.status_code", reply.StatusCode);
            }

            if (UpstreamMetrics.ErrorOf(reply.Failure, reply.StatusCode) is not null)
            {
                activity.SetTag(
                    "error.type",
                    reply.Failure != Failure.None
                        ? reply.Failure.Reason()
                        : reply.StatusCode.ToString(CultureInfo.InvariantCulture));
                activity.SetStatus(ActivityStatusCode.Error);
            }
        }

        activity.Dispose();
    }

    /// <summary>Begins the activity of one attempt of the request that this thread works for.</summary>
    /// <param name="method">The method.</param>
    /// <returns>To be ended with <see cref="End"/>; null if the request is not recorded.</returns>
    internal static Activity? StartAttempt(string method) =>
        Source.HasListeners() && Activity.Current is { } request && request.Source == Source
            ? Source.StartActivity(method, ActivityKind.Client)
            : null;
}
