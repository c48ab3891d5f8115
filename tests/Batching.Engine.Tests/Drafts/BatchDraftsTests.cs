using System.Text;
using Batching.Engine.Drafts;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;

namespace Batching.Engine.Tests.Drafts;

public sealed class BatchDraftsTests : IDisposable
{
    private const int Count = 1_000;

    private readonly TemporaryDirectory _directory = new();
    private readonly Gate _gate = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task OpenAsync_Read_BecomesTheBatchOfItsId()
    {
        await using var upstream = await TestApi.StartForgetfulAsync();
        await using var engine = await StartAsync(upstream);
        var draft = await OpenAsync(engine);
        Assert.NotNull((await FindAsync(engine, draft.Id))?.Draft);

        _gate.Open();
        Assert.Equal(Count, (await ResultsAsync(engine, draft.Id)).Count);
        var record = (await FindAsync(engine, draft.Id))!.Record!;
        Assert.Equal(draft.Attributes, record.Attributes);
        Assert.Equal(record.Deadline!.Value.AddHours(1), record.ExpireTime);
    }

    [Fact]
    public async Task Start_DraftHalfStaged_GoesOnAndRunsEachRequestOnce()
    {
        await using var upstream = await TestApi.StartForgetfulAsync();
        string id;
        await using (var engine = await StartAsync(upstream))
        {
            id = (await OpenAsync(engine)).Id;
            await _gate.UntilEnteredAsync(1);
            await engine.StopAsync();
        }

        _gate.Open();
        await using (var engine = await StartAsync(upstream))
        {
            var keys = (await ResultsAsync(engine, id)).Select(result => result.Key).ToHashSet(StringComparer.Ordinal);
            Assert.Equal(Count, keys.Count);
        }
    }

    [Fact]
    public async Task TryCancelAsync_WhileRead_GivesItUpForGood()
    {
        await using var upstream = await TestApi.StartForgetfulAsync();
        string id;
        await using (var engine = await StartAsync(upstream))
        {
            id = (await OpenAsync(engine)).Id;
            await _gate.UntilEnteredAsync(1);
            Assert.True(await engine.Get<BatchDrafts>().TryCancelAsync(EngineHost.Alice, id, CancellationToken.None));
            AssertCancelled(await FindAsync(engine, id));
        }

        _gate.Open();
        await using (var engine = await StartAsync(upstream))
        {
            AssertCancelled(await FindAsync(engine, id));
            Assert.Null(await engine.Get<AttributedBatches>().FindAsync(EngineHost.Bob, id, _ => true, CancellationToken.None));
        }
    }

    [Fact]
    public async Task TryCancelAsync_BecomeABatch_LeavesItToTheBatch()
    {
        await using var upstream = await TestApi.StartForgetfulAsync();
        await using var engine = await StartAsync(upstream);
        _gate.Open();
        var id = (await OpenAsync(engine)).Id;
        await ResultsAsync(engine, id);

        Assert.False(await engine.Get<BatchDrafts>().TryCancelAsync(EngineHost.Alice, id, CancellationToken.None));
        Assert.False(await engine.Get<BatchDrafts>().TryCancelAsync(EngineHost.Bob, id, CancellationToken.None));
    }

    [Fact]
    public async Task ListAsync_DraftsAndBatches_AreOneListNewestFirst()
    {
        await using var upstream = await TestApi.StartForgetfulAsync();
        await using var engine = await StartAsync(upstream);
        _gate.Open();
        var ids = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            ids.Insert(0, (await OpenAsync(engine)).Id);
            await ResultsAsync(engine, ids[0]);
        }

        await engine.SubmitAsync(EngineHost.Gets(1));
        var batches = engine.Get<AttributedBatches>();
        var all = await batches.ListAsync(EngineHost.Alice, "", 10, IsOwn, CancellationToken.None);
        var rest = await batches.ListAsync(EngineHost.Alice, ids[0], 1, IsOwn, CancellationToken.None);
        var before = await batches.ListBeforeAsync(EngineHost.Alice, ids[2], 1, IsOwn, CancellationToken.None);

        Assert.Equal(ids, all!.Select(batch => batch.Id));
        Assert.Equal(ids[1], Assert.Single(rest!).Id);
        Assert.Equal(ids[1], Assert.Single(before!).Id);
        Assert.Null(await batches.ListAsync(EngineHost.Alice, "none", 1, IsOwn, CancellationToken.None));

        static bool IsOwn(byte[] attributes) => attributes.Length > 0;
    }

    private static void AssertCancelled(AttributedBatch? batch)
    {
        Assert.NotNull(batch?.Draft?.EndTime);
        Assert.Null(batch.Draft.Problems);
        Assert.Null(batch.Draft.Credential);
    }

    private Task<EngineHost> StartAsync(TestApi upstream) => EngineHost.StartAsync(
        _directory, EngineHost.Upstream(upstream.Url), drafts: new HeldDrafts(_gate));

    private static async Task<AttributedBatch> OpenAsync(EngineHost engine)
    {
        var answer = await engine.Get<BatchDrafts>().OpenAsync(
            EngineHost.Alice,
            new Request { Path = "/items/0" },
            Encoding.ASCII.GetBytes($"{Count}"),
            TimeSpan.FromHours(1),
            CancellationToken.None);
        Assert.True(answer.Succeeded, answer.Refusal?.Message);
        return answer.Value;
    }

    private static ValueTask<AttributedBatch?> FindAsync(EngineHost engine, string id) =>
        engine.Get<AttributedBatches>().FindAsync(EngineHost.Alice, id, _ => true, CancellationToken.None);

    private static async Task<List<Request>> ResultsAsync(EngineHost engine, string id)
    {
        await Eventually.BeTrueAsync(
            async () => (await FindAsync(engine, id))?.Record is not null, $"draft {id} is a batch");
        return await engine.ResultsAsync(id);
    }
}
