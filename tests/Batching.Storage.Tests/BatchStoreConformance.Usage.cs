using Batching.Engine.Model;
using Batching.Engine.Storage;
using static Batching.Storage.Tests.StoreData;

namespace Batching.Storage.Tests;

public abstract partial class BatchStoreConformance
{
    [Fact]
    public async Task ReadUsageAsync_OwnerWithoutBatches_IsNothing() =>
        Assert.Equal(default, await Store.ReadUsageAsync("nobody", None));

    [Fact]
    public async Task ReadUsageAsync_BatchesOfSeveralOwners_CountsEachOwnersOwn()
    {
        await CommitAsync(
            Accept(Batch(1, total: 3), Window(0, 2, bytes: 50), Window(2, 1, bytes: 7)),
            Accept(Batch(10, total: 4)),
            Accept(Batch(20, total: 1, owner: "bob")));
        Assert.Equal(new OwnerUsage(2, 7, 157), await Store.ReadUsageAsync("alice", None));
        Assert.Equal(new OwnerUsage(1, 1, 100), await Store.ReadUsageAsync("bob", None));
        await ReopenAsync();
        Assert.Equal(new OwnerUsage(2, 7, 157), await Store.ReadUsageAsync("alice", None));
    }

    [Fact]
    public async Task ListOwnersAsync_ByEachMeasure_HasThoseWhoTakeMostFirst()
    {
        Assert.Empty(await Store.ListOwnersAsync(OwnerMeasure.Requests, 10, None));
        await CommitAsync(
            Accept(Batch(1, total: 3, owner: "alice"), Window(0, 3, bytes: 50)),
            Accept(Batch(10, total: 1, owner: "bob"), Window(0, 1, bytes: 500)),
            Accept(Batch(20, total: 1, owner: "carol"), Window(0, 1, bytes: 10)),
            Accept(Batch(30, total: 1, owner: "carol"), Window(0, 1, bytes: 10)));

        Assert.Equal(["alice", "carol", "bob"], await NamesAsync(OwnerMeasure.Requests, 10));
        Assert.Equal(["carol", "alice", "bob"], await NamesAsync(OwnerMeasure.Batches, 10));
        Assert.Equal(["bob", "alice", "carol"], await NamesAsync(OwnerMeasure.Bytes, 10));
        Assert.Equal(["bob"], await NamesAsync(OwnerMeasure.Bytes, 1));
        Assert.Equal(
            new OwnerTotals("bob", new OwnerUsage(1, 1, 500)),
            Assert.Single(await Store.ListOwnersAsync(OwnerMeasure.Bytes, 1, None)));

        async Task<IEnumerable<string>> NamesAsync(OwnerMeasure measure, int limit) =>
            (await Store.ListOwnersAsync(measure, limit, None)).Select(owner => owner.Owner);
    }

    [Fact]
    public async Task ReadUsageAsync_LifeOfABatch_CountsWhatItTakesAtEachStep()
    {
        var batch = Batch(1, total: 2);
        var (first, second) = (Segment(1, 1, bodyBytes: 1000), Segment(2, 2, bodyBytes: 10));
        var grown = batch.After(first) with { Total = 3 };

        await CommitAsync(Accept(batch));
        Assert.Equal(new OwnerUsage(1, 2, 100), await Store.ReadUsageAsync("alice", None));

        await CommitAsync(new StoreWrite.AppendResults(grown, [first], [Window(2, 1, bytes: 20)]));
        Assert.Equal(new OwnerUsage(1, 2, 100 + 1001 + 20), await Store.ReadUsageAsync("alice", None));

        await CommitAsync(Append(grown, second));
        Assert.Equal(new OwnerUsage(0, 0, 1121 + 22), await Store.ReadUsageAsync("alice", None));

        await CommitAsync(new StoreWrite.Expire(1), new StoreWrite.Expire(1));
        Assert.Equal(new OwnerUsage(0, 0, 120), await Store.ReadUsageAsync("alice", None));

        await CommitAsync(new StoreWrite.Delete(1), new StoreWrite.Delete(1));
        Assert.Equal(default, await Store.ReadUsageAsync("alice", None));
    }

    [Fact]
    public async Task ReadUsageAsync_StagedBatch_CountsOnceItIsAccepted()
    {
        var key = await Store.ReserveKeysAsync(100, None);
        await CommitAsync(new StoreWrite.Stage(key, [Window(0, 2, bytes: 50)]));
        await CommitAsync(new StoreWrite.Stage(key, [Window(2, 1, bytes: 30)]));
        Assert.Equal(default, await Store.ReadUsageAsync("alice", None));
        await CommitAsync(Accept(Batch(key, total: 4), Window(3, 1, bytes: 5)));
        Assert.Equal(new OwnerUsage(1, 4, 85), await Store.ReadUsageAsync("alice", None));
        await CommitAsync(new StoreWrite.Delete(key));
        Assert.Equal(default, await Store.ReadUsageAsync("alice", None));
    }

    [Fact]
    public async Task ReadUsageAsync_DeletedWhileRunning_GivesEverythingBack()
    {
        var batch = Batch(1, total: 3);
        await CommitAsync(Accept(batch), Append(batch, Segment(1, 1)), new StoreWrite.Delete(1));
        Assert.Equal(default, await Store.ReadUsageAsync("alice", None));
        await CommitAsync(Append(batch, Segment(1, 1)));
        Assert.Equal(default, await Store.ReadUsageAsync("alice", None));
    }

    [Fact]
    public async Task ReadUsageAsync_ResultsAfterTheExpiry_TakeNoBytes()
    {
        var batch = Batch(1, total: 2);
        await CommitAsync(Accept(batch), new StoreWrite.Expire(1), Append(batch, Segment(1, 1)));
        Assert.Equal(new OwnerUsage(1, 1, 100), await Store.ReadUsageAsync("alice", None));
        await CommitAsync(new StoreWrite.Delete(1));
        Assert.Equal(default, await Store.ReadUsageAsync("alice", None));
    }

    [Fact]
    public async Task ReadUsageAsync_GroupThatFailed_CountsNothingOfIt()
    {
        await CommitAsync(Accept(Batch(1)));
        await Assert.ThrowsAnyAsync<Exception>(
            async () => await CommitAsync(Accept(Batch(100)), Accept(Batch(1, owner: "the key is taken"))));
        Assert.Equal(new OwnerUsage(1, 4, 100), await Store.ReadUsageAsync("alice", None));
        Assert.Equal(default, await Store.ReadUsageAsync("the key is taken", None));
        await CommitAsync(Accept(Batch(200)));
        Assert.Equal(new OwnerUsage(2, 8, 200), await Store.ReadUsageAsync("alice", None));
    }

    // Whatever happens to batches in whatever order, the counts are what counting them would give.
    [Fact]
    public async Task ReadUsageAsync_AnyHistory_AgreesWithTheBatches()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var batches = new Dictionary<long, (BatchRecord Record, long Requests, long Payloads)>();
        for (var step = 0; step < 300; step++)
        {
            var key = 100L * random.Next(1, 20);
            if (!batches.TryGetValue(key, out var batch))
            {
                var bytes = random.Next(1, 500);
                var record = Batch(key, random.Next(1, 6), owner: $"owner {random.Next(3)}", capacity: 50);
                await CommitAsync(Accept(record, Window(0, record.Total, bytes)));
                batches[key] = (record, bytes, 0);
                continue;
            }

            switch (random.Next(4))
            {
                case 0:
                    await CommitAsync(new StoreWrite.Delete(key));
                    batches.Remove(key);
                    break;
                case 1:
                    await CommitAsync(new StoreWrite.Expire(key));
                    batches[key] = (batch.Record with { Expired = true }, batch.Requests, 0);
                    break;
                case var _ when batch.Record.Running > 0:
                    var segment = Segment(batch.Record.Finished + 1, random.Next(1, batch.Record.Running + 1));
                    var spawned = random.Next(2) == 0 ? [] : new[] { Window(batch.Record.Total, 2, random.Next(1, 90)) };
                    var record = (batch.Record with { Total = batch.Record.Total + (2 * spawned.Length) }).After(segment);
                    await CommitAsync(new StoreWrite.AppendResults(record, [segment], spawned));
                    batches[key] = (
                        record,
                        batch.Requests + spawned.Sum(window => window.Data.Length),
                        batch.Payloads + (record.Expired ? 0 : segment.Payload!.Length));
                    break;
            }

            foreach (var owner in (string[])["owner 0", "owner 1", "owner 2"])
            {
                var own = batches.Values.Where(other => other.Record.Owner == owner).ToList();
                var expected = new OwnerUsage(
                    own.Count(other => other.Record.Running > 0),
                    own.Sum(other => other.Record.Running),
                    own.Sum(other => other.Requests + other.Payloads));
                var actual = await Store.ReadUsageAsync(owner, None);
                Assert.True(expected == actual, $"{owner}: {expected} instead of {actual}, step {step} of seed {seed}");
            }
        }
    }
}
