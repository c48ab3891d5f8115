using System.Globalization;
using Batching.Engine.Configuration;
using Batching.Engine.Spawning;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Engine.Tests.Spawning;

// The memory is that of the whole process: no other test may run beside this one.
[CollectionDefinition(nameof(SpawnerStateTests), DisableParallelization = true)]
[Collection(nameof(SpawnerStateTests))]
public sealed class SpawnerStateTests
{
    [Theory]
    [InlineData(PaginationStyle.Cursor)]
    [InlineData(PaginationStyle.NextUrl)]
    public void Add_ManyPagesWithLongNames_RemembersThemInLittleMemory(PaginationStyle style)
    {
        const int pages = 5_000;
        var state = new SpawnerState(PageRules.Of(new PaginationOptions { Style = style }, null));
        var rule = Assert.Single(state.Rules.Next.Followed);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < pages; i++)
        {
            state.Add(PageOf(i), size: 1);
        }

        // 70 MB of names, at two bytes a character. Less than before is what tests that have ended give back.
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 2L << 20);
        Assert.Equal(pages, state.Pages);
        Assert.All(Enumerable.Range(0, pages), i => Assert.True(HasAsked(i)));
        Assert.All(Enumerable.Range(pages, pages), i => Assert.False(HasAsked(i)));

        bool HasAsked(int number) => state.HasAsked(PageOf(number), new NextPage(rule, NameOf(number)));

        string NameOf(int number) => number.ToString(CultureInfo.InvariantCulture).PadLeft(7_000, 'n');

        Request PageOf(int number)
        {
            var name = NameOf(number);
            return style == PaginationStyle.Cursor
                ? new Request { Path = "/items", Params = new Struct { Fields = { ["cursor"] = Value.ForString(name) } } }
                : new Request { Path = $"/items?next={name}" };
        }
    }
}
