using Batching.Engine.Configuration;
using Batching.Engine.Upstreams;
using Batching.V1;
using Microsoft.Extensions.Options;
using Xunit.Abstractions;

namespace Batching.Engine.Tests.Spawning.Walks;

/// <summary>Each item once, or an error that says why, whatever the API does.</summary>
public sealed class WalkTests(ITestOutputHelper output)
{
    private const int Walks = 20_000;

    // The walk ends in order, as nothing it needs is a lie.
    private static readonly HashSet<Lie> Harmless =
    [
        Lie.None, Lie.TotalTooHigh, Lie.TotalTooLow, Lie.HiddenCap, Lie.EmptyLastPage, Lie.RepeatedCursorWhenEmpty,
    ];

    [Fact]
    public void GeneratedWalks_HaveEachItemOnceOrAnError()
    {
        var seed = Environment.GetEnvironmentVariable("WALK_SEED") is { Length: > 0 } given
            ? int.Parse(given, System.Globalization.CultureInfo.InvariantCulture)
            : Random.Shared.Next();
        output.WriteLine($"WALK_SEED={seed}");
        using var router = new UpstreamRouter(
            Options.Create(new BatchEngineOptions
            {
                Upstreams = { new UpstreamOptions { BaseAddress = new Uri("http://api.test") } },
            }));

        // On one thread, and none of the pool's: there the APIs of the tests beside this one would wait for it.
        for (var i = 0; i < Walks; i++)
        {
            var random = new Random(HashCode.Combine(seed, i));
            var plan = WalkPlan.Create(random);
            var walk = new Walk(plan, random, router);
            walk.Run();
            if (FindFault(plan, walk) is { } fault)
            {
                Assert.Fail(
                    $"{fault}\n{plan}\n{walk.Calls} calls, errors: {string.Join("; ", walk.Errors)}\n"
                        + $"items: {string.Join(' ', walk.Items)}\nWALK_SEED={seed}, walk {i}");
            }
        }
    }

    private static string? FindFault(WalkPlan plan, Walk walk)
    {
        // What a page was is forgotten by a restart, so that one may come once more where the API gives it once more.
        var forgets = plan.Restarts && !Harmless.Contains(plan.Lie) && plan.Lie != Lie.ShortPages;
        if (walk.Items.Count != walk.Items.Distinct().Count() && !forgets)
        {
            return "An item is doubled.";
        }

        var wanted = Enumerable.Range(0, Math.Min(plan.Total, plan.Cap ?? plan.Total));
        if (walk.Errors.Count == 0 && wanted.Except(walk.Items).Any())
        {
            return "An item is lost, and nothing says so.";
        }

        if (walk.Errors.Count > 0 && Harmless.Contains(plan.Lie))
        {
            return "There is an error, though the walk could be made.";
        }

        // A page of a link or a number is as long as it is.
        var most = plan.Style is PaginationStyle.Cursor or PaginationStyle.Offset && plan is { Lie: not Lie.IgnoresParams, Cap: { } cap }
            ? cap
            : int.MaxValue;
        return walk.Items.Count > most ? "There are more items than asked for." : null;
    }
}
