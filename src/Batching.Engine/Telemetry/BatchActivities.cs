using System.Diagnostics;

namespace Batching.Engine.Telemetry;

/// <summary>The activities of the engine: nothing is made of them unless somebody listens.</summary>
public static class BatchActivities
{
    /// <summary>The name of the source, which is that of the meter.</summary>
    public const string SourceName = BatchMetrics.MeterName;

    /// <summary>The tag with the id of the batch.</summary>
    public const string BatchId = "batching.batch.id";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Begins the activity of one request of a stored batch, from its turn to its result.</summary>
    /// <returns>To be disposed at the end, with <see cref="BatchId"/> to be set; null if nobody listens.</returns>
    internal static Activity? StartRequest() => Source.StartActivity("batching.request");
}
