using Batching.Engine.Scheduling;
using FsCheck.Xunit;

namespace Batching.Engine.Tests.Scheduling;

public sealed class LoadTurnsTests
{
    private readonly LoadTurns<string> _queue = new();

    [Fact]
    public void TryDequeue_TwoOwners_TakesTurns()
    {
        Enqueue("a", 1, 4);
        Enqueue("b", 2, 2);
        Assert.Equal(["a/1/0", "b/2/0", "a/1/1", "b/2/1", "a/1/2", "a/1/3"], TakeAll());
    }

    [Fact]
    public void TryDequeue_BatchesOfOneOwner_TakesTurnsAndKeepsTheOrderWithinEach()
    {
        Enqueue("a", 1, 4);
        Enqueue("a", 2, 2);
        Enqueue("a", 3, 1);
        Assert.Equal(["a/1/0", "a/2/0", "a/3/0", "a/1/1", "a/2/1", "a/1/2", "a/1/3"], TakeAll());
    }

    [Fact]
    public void TryDequeue_BatchesOfHigherPriority_GoFirstAndTakeNothingFromOtherOwners()
    {
        _queue.Enqueue("a", 1, "a low", priority: 0);
        _queue.Enqueue("a", 2, "a high 1", priority: 9);
        _queue.Enqueue("a", 3, "a high 2", priority: 9);
        _queue.Enqueue("a", 2, "a high 3", priority: 9);
        _queue.Enqueue("b", 4, "b low", priority: 0);
        _queue.Enqueue("b", 5, "b");
        Assert.Equal(["a high 1", "b", "a high 2", "b low", "a high 3", "a low"], TakeAll());
    }

    [Fact]
    public void TryDequeue_OwnerWithManyBatches_GetsNoMoreThanOneWithFew()
    {
        for (var batch = 0; batch < 100; batch++)
        {
            Enqueue("many", batch, 10);
        }

        Enqueue("few", 1000, 10);
        var first = TakeAll().Take(20).ToArray();
        Assert.Equal(10, first.Count(item => item.StartsWith("few", StringComparison.Ordinal)));
    }

    [Fact]
    public void TryDequeue_OwnerThatComesBack_WaitsBehindTheOthers()
    {
        Enqueue("a", 1, 1);
        Enqueue("b", 2, 2);
        Assert.True(_queue.TryDequeue(out var item));
        Assert.Equal("a/1/0", item);
        Enqueue("a", 1, 1);
        Assert.Equal(["b/2/0", "a/1/0", "b/2/1"], TakeAll());
    }

    // The model: owners in the order of their turns, and for each its batches in the order of theirs.
    [Property(MaxTest = 500)]
    public void AnySequence_AgainstASimpleModel_Agrees((bool Takes, byte Owner, byte Batch)[] steps)
    {
        var queue = new LoadTurns<int>();
        var model = new List<(string Owner, List<(long Batch, List<int> Items)> Batches)>();
        for (var i = 0; i < steps.Length; i++)
        {
            if (steps[i].Takes)
            {
                Take();
            }
            else
            {
                Put($"{steps[i].Owner % 3}", steps[i].Batch % 3, i);
            }

            Assert.Equal(model.Sum(owner => owner.Batches.Sum(batch => batch.Items.Count)), queue.Count);
        }

        while (queue.Count > 0)
        {
            Take();
        }

        Assert.Empty(model);

        void Put(string owner, long batch, int item)
        {
            queue.Enqueue(owner, batch, item);
            if (!model.Exists(one => one.Owner == owner))
            {
                model.Add((owner, []));
            }

            var batches = model.Find(one => one.Owner == owner).Batches;
            if (!batches.Exists(one => one.Batch == batch))
            {
                batches.Add((batch, []));
            }

            batches.Find(one => one.Batch == batch).Items.Add(item);
        }

        void Take()
        {
            Assert.Equal(model.Count > 0, queue.TryDequeue(out var item));
            if (model.Count == 0)
            {
                return;
            }

            var owner = model[0];
            var batch = owner.Batches[0];
            Assert.Equal(batch.Items[0], item);
            batch.Items.RemoveAt(0);
            model.RemoveAt(0);
            owner.Batches.RemoveAt(0);
            if (batch.Items.Count > 0)
            {
                owner.Batches.Add(batch);
            }

            if (owner.Batches.Count > 0)
            {
                model.Add(owner);
            }
        }
    }

    [Fact]
    public void TryDequeue_Empty_ReturnsFalse() => Assert.False(_queue.TryDequeue(out _));

    [Fact]
    public async Task DequeueAsync_Cancelled_ThrowsAndTakesNothing()
    {
        using var cancelled = new CancellationTokenSource();
        var waiting = _queue.DequeueAsync(cancelled.Token).AsTask();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Enqueue("a", 1, 1);
        Assert.Equal(["a/1/0"], TakeAll());
    }

    // What waits when the gateway stops is left where it is.
    [Fact]
    public async Task DequeueAsync_CancelledBefore_ThrowsAndTakesNothing()
    {
        Enqueue("a", 1, 1);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _queue.DequeueAsync(new CancellationToken(canceled: true)).AsTask());
        Assert.Equal(["a/1/0"], TakeAll());
    }

    [Fact]
    public async Task DequeueAsync_ManyAtOnce_TakesEverythingOnce()
    {
        const int Items = 20_000;
        var takers = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            var taken = new List<string>();
            while (await _queue.DequeueAsync(default) is var item && item != "end")
            {
                taken.Add(item);
            }

            return taken;
        })).ToArray();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(owner => Task.Run(() =>
        {
            for (var i = 0; i < Items / 4; i++)
            {
                _queue.Enqueue($"owner{owner}", i % 7, $"{owner}/{i}");
            }
        })));
        for (var i = 0; i < takers.Length; i++)
        {
            // Behind everything of its batch, and there is nothing else by the time the last ones are taken.
            _queue.Enqueue("zzz", 1, "end");
        }

        var all = (await Task.WhenAll(takers)).SelectMany(taken => taken).ToList();
        all.AddRange(TakeAll());
        Assert.Equal(Items, all.Count);
        Assert.Equal(Items, all.Distinct().Count());
    }

    private void Enqueue(string owner, long batch, int count)
    {
        for (var i = 0; i < count; i++)
        {
            _queue.Enqueue(owner, batch, $"{owner}/{batch}/{i}");
        }
    }

    private List<string> TakeAll()
    {
        var items = new List<string>();
        while (_queue.TryDequeue(out var item))
        {
            items.Add(item);
        }

        return items;
    }
}
