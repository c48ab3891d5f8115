using System.Diagnostics.Metrics;
using Batching.Engine.Model;
using Batching.Engine.Telemetry;
using Microsoft.Extensions.DependencyInjection;

namespace Batching.Engine.Tests.Telemetry;

public sealed class BatchMetricsTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    public void Dispose() => _services.Dispose();

    // Once for what is made the first time.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Counting_OfACall_AllocatesNothing(bool isListened)
    {
        var meters = _services.GetRequiredService<IMeterFactory>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (isListened && instrument.Meter.Scope == meters)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        long counted = 0;
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => counted += value);
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => counted++);
        listener.Start();
        var upstream = new BatchMetrics(meters).Of("/api/");
        Count(upstream);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            Count(upstream);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(isListened ? 1001 * 4 : 0, counted);
    }

    [Fact]
    public void StartRequest_SubmissionWasNotRecorded_AllocatesNothing()
    {
        BatchActivities.StartRequest(default, default, "/");

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            Assert.Null(BatchActivities.StartRequest(default, default, "/"));
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData(Failure.None, 200, null)]
    [InlineData(Failure.None, 399, null)]
    [InlineData(Failure.None, 400, "4xx")]
    [InlineData(Failure.None, 499, "4xx")]
    [InlineData(Failure.None, 500, "5xx")]
    [InlineData(Failure.None, 999, "5xx")]
    [InlineData(Failure.UpstreamTimeout, 504, "UPSTREAM_TIMEOUT")]
    public void ErrorOf_AnyResult_IsOneOfAFewWords(Failure failure, int status, string? expected) =>
        Assert.Equal(expected, UpstreamMetrics.ErrorOf(failure, status));

    private static void Count(UpstreamMetrics upstream)
    {
        upstream.CountWait(TimeSpan.FromSeconds(1));
        upstream.CountPause("owner");
        upstream.CountResults("stored", null, 1);
        upstream.CountResults("stored", "5xx", 1);
    }
}
