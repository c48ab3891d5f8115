using Batching.Engine.Keyed;
using Batching.V1;

namespace Batching.Engine.Tests.Keyed;

public sealed class CallOrderTests
{
    [Fact]
    public void TryTake_NothingDepends_GivesSoManyInOrder()
    {
        var order = new CallOrder(4, 3, new CallPlan().DependsOn);

        Assert.Equal([0, 1, 2], TakeAll(order));
        Assert.Empty(order.End(1, succeeded: false));
        Assert.Equal([3], TakeAll(order));
    }

    [Fact]
    public void TryTake_Dependent_WaitsForAllThatItNeeds()
    {
        var order = Create(4, (2, [0, 1, 1]), (3, [2]));

        Assert.Equal([0, 1], TakeAll(order));
        Assert.Empty(order.End(1, succeeded: true));
        Assert.Empty(TakeAll(order));
        Assert.Empty(order.End(0, succeeded: true));
        Assert.Equal([2], TakeAll(order));
        Assert.Empty(order.End(2, succeeded: true));
        Assert.Equal([3], TakeAll(order));
    }

    [Fact]
    public void End_Failure_FailsAllThatDependOnItOnce()
    {
        var order = Create(5, (1, [0]), (2, [0, 1]), (3, [2]), (4, []));

        Assert.Equal([0, 4], TakeAll(order));
        Assert.Equal([1, 2, 3], order.End(0, succeeded: false).Order());
        Assert.Empty(TakeAll(order));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 2)]
    [InlineData(1, -1)]
    public void Constructor_DependencyThatIsNotBefore_Throws(int index, int needed) =>
        Assert.Throws<ArgumentException>(() => Create(3, (index, [needed])));

    // Whatever depends on what, each call is either taken once or failed once, and none before those that it needs.
    [Fact]
    public void TryTake_RandomDependencies_EveryCallEndsOnce()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var round = 0; round < 500; round++)
        {
            var count = random.Next(1, 30);
            var dependsOn = Enumerable.Range(1, count - 1).Where(_ => random.Next(2) == 0).ToDictionary(
                index => index,
                index => (IReadOnlyList<int>)[.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => random.Next(index))]);
            var order = new CallOrder(count, random.Next(1, 6), dependsOn);
            var results = new bool?[count];
            var running = new List<int>();
            while (true)
            {
                while (order.TryTake(out var index))
                {
                    Assert.All(
                        dependsOn.GetValueOrDefault(index, []), needed => Assert.True(results[needed], $"seed {seed}, round {round}"));
                    running.Add(index);
                }

                if (running.Count == 0)
                {
                    break;
                }

                var next = running[random.Next(running.Count)];
                running.Remove(next);
                results[next] = random.Next(4) > 0;
                foreach (var failed in order.End(next, results[next] == true))
                {
                    Assert.True(results[failed] is null, $"seed {seed}, round {round}");
                    results[failed] = false;
                }
            }

            Assert.True(results.All(result => result is not null), $"seed {seed}, round {round}");
        }
    }

    [Fact]
    public void End_Twice_CountsOnce()
    {
        var order = Create(3, (2, [0, 1]));

        Assert.Equal([0, 1], TakeAll(order));
        Assert.Empty(order.End(0, succeeded: true));
        Assert.Empty(order.End(0, succeeded: true));
        Assert.Empty(TakeAll(order));
        Assert.Empty(order.End(1, succeeded: true));
        Assert.Equal([2], TakeAll(order));
    }

    // Whatever depends on what and with which rule, each call comes to the end that the rules say, whatever the order of the ends.
    [Fact]
    public void TryTake_RandomRules_EveryCallEndsAsTheRulesSay()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var round = 0; round < 500; round++)
        {
            var count = random.Next(1, 40);
            var places = Enumerable.Range(0, count).ToArray();
            random.Shuffle(places);
            var dependsOn = new Dictionary<int, IReadOnlyList<int>>();
            var rules = new Dictionary<int, RunWhen>();
            for (var i = 1; i < count; i++)
            {
                if (random.Next(3) > 0)
                {
                    dependsOn.Add(places[i], [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => places[random.Next(i)])]);
                    rules.Add(places[i], (RunWhen)random.Next(4));
                }
            }

            var succeeds = Enumerable.Range(0, count).Select(_ => random.Next(3) > 0).ToArray();
            var order = new CallOrder(count, random.Next(1, 6), dependsOn, rules);
            var made = new bool[count];
            var doomed = new bool[count];
            var running = new List<int>();
            while (true)
            {
                while (order.TryTake(out var index))
                {
                    Assert.False(made[index] || doomed[index], $"seed {seed}, round {round}");
                    made[index] = true;
                    running.Add(index);
                }

                if (running.Count == 0)
                {
                    break;
                }

                var next = running[random.Next(running.Count)];
                running.Remove(next);
                foreach (var failed in order.End(next, succeeds[next]))
                {
                    Assert.False(made[failed] || doomed[failed], $"seed {seed}, round {round}");
                    doomed[failed] = true;
                }
            }

            // In the order in which they depend on each other.
            var succeeded = new bool[count];
            foreach (var index in places)
            {
                var needed = dependsOn.GetValueOrDefault(index, []);
                var runs = needed.Count == 0 || rules[index] switch
                {
                    RunWhen.Done => true,
                    RunWhen.Failed => needed.Any(other => !succeeded[other]),
                    _ => needed.All(other => succeeded[other]),
                };
                succeeded[index] = runs && succeeds[index];
                Assert.True((runs, !runs) == (made[index], doomed[index]), $"seed {seed}, round {round}, call {index}");
            }
        }
    }

    private static CallOrder Create(int count, params (int Index, int[] Needed)[] dependencies) => new(
        count, count, dependencies.ToDictionary(one => one.Index, one => (IReadOnlyList<int>)one.Needed));

    private static List<int> TakeAll(CallOrder order)
    {
        var taken = new List<int>();
        while (order.TryTake(out var index))
        {
            taken.Add(index);
        }

        return taken;
    }
}
