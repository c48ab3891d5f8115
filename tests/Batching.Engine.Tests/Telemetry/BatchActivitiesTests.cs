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
    public async Task StartRequest_SubmissionIsRecorded_TagsTheRequestsWithTheirBatch()
    {
        var ended = new ConcurrentQueue<(string Name, object? Batch, object? Request)>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == BatchActivities.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => ended.Enqueue((
                activity.OperationName, activity.GetTagItem(BatchActivities.BatchId), activity.GetTagItem(BatchActivities.RequestId))),
        };
        ActivitySource.AddActivityListener(listener);
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);

        var batch = await engine.SubmitAsync(EngineHost.Gets(3));
        await Eventually.BeTrueAsync(() => Of("batching.request").Count() == 3, "the activities of three requests");
        Assert.Equal(batch.Requests.Select(request => request.Id).Order(), Of("batching.request").Select(request => (string)request!).Order());
        Assert.Single(Of("batching.submit"));

        // Other tests of this process make activities too.
        IEnumerable<object?> Of(string name) =>
            ended.Where(activity => activity.Name == name && Equals(activity.Batch, batch.Id)).Select(activity => activity.Request);
    }
}
