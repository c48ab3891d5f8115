using System.Collections.Concurrent;
using System.Diagnostics;
using Batching.Engine.Telemetry;
using Batching.Engine.Tests.Infrastructure;

namespace Batching.Engine.Tests.Telemetry;

public sealed class BatchActivitiesTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task StartRequest_SomebodyListens_TagsTheRequestsWithTheirBatch()
    {
        var ended = new ConcurrentQueue<object?>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == BatchActivities.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity => ended.Enqueue(activity.GetTagItem(BatchActivities.BatchId)),
        };
        ActivitySource.AddActivityListener(listener);
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(3));
        await Eventually.BeTrueAsync(() => ended.Count(id => Equals(id, batch.Id)) == 3, "the activities of three requests");
    }
}
