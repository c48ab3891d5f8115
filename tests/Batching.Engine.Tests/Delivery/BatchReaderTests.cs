using Batching.Engine.Model;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;

namespace Batching.Engine.Tests.Delivery;

public sealed class BatchReaderTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task GetStatus_Detailed_TellsHowFarEachRequestIs()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(
            context => context.Request.Path == "/items/1" ? gate.PassAsync(context) : TestApi.EchoAsync(context));
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(3));
        await engine.UntilFinishedAsync(batch.Id, 2);

        var status = await engine.StatusAsync(batch.Id, detailed: true);
        Assert.Equal(batch.Requests.Select(request => request.Id), status.Requests.Select(request => request.Id));
        Assert.Equal(
            [RequestState.Done, RequestState.Running, RequestState.Done], status.Requests.Select(request => request.State));
        Assert.Equal((200, 8L), (status.Requests[0].Response.StatusCode, status.Requests[0].Response.Size));
        Assert.Empty(status.Requests[0].Response.Body);
        Assert.Equal([0, 1, 2], status.Requests.Select(request => request.Index));
        Assert.Equal([true, false, true], status.Requests.Select(request => request.DoneTime is not null));
        Assert.Equal([1, 2], new[] { status.Requests[0].Position, status.Requests[2].Position }.Order());
        Assert.All(status.Requests, request => Assert.Equal(("", null), (request.Path, request.CreateTime)));
        Assert.Empty((await engine.StatusAsync(batch.Id)).Requests);
        gate.Open();
    }

    [Fact]
    public async Task List_SeveralOwners_PagesThroughTheCallersOwnNewestFirst()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var own = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            own.Add((await engine.SubmitAsync(EngineHost.Gets(1))).Id);
            await engine.SubmitAsync(EngineHost.Gets(1), EngineHost.Bob);
        }

        var listed = new List<string>();
        var token = "";
        do
        {
            var page = await engine.Batches.ListAsync(
                EngineHost.Alice, new ListBatchesRequest { Limit = 2, PageToken = token }, CancellationToken.None);
            Assert.InRange(page.Value!.Batches.Count, 1, 2);
            listed.AddRange(page.Value.Batches.Select(batch => batch.Id));
            token = page.Value.NextPageToken;
        }
        while (token.Length > 0);

        Assert.Equal(own.AsEnumerable().Reverse(), listed);
    }

    [Theory]
    [InlineData(-1, "", "limit")]
    [InlineData(0, "nonsense", "page_token")]
    public async Task List_WrongArgument_IsRefused(int limit, string token, string field)
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var answer = await engine.Batches.ListAsync(
            EngineHost.Alice, new ListBatchesRequest { Limit = limit, PageToken = token }, CancellationToken.None);
        Assert.Equal(field, Assert.Single(Assert.IsType<Refusal.Invalid>(answer.Refusal).Problems).Field);
    }
}
