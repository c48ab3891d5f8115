using Batching.Rest.Tests.Infrastructure;
using Batching.Rest.Tests.Table;

namespace Batching.Rest.Tests;

/// <summary>
/// Replays what was once recorded of the REST paths, and wants the same replies to the byte. README.md says how the
/// table is written and recorded.
/// </summary>
public sealed class ExchangeTests(ReplayFixture fixture) : IClassFixture<ReplayFixture>
{
    /// <summary>The name of every file and scenario.</summary>
    public static TheoryData<string, string> Scenarios()
    {
        var data = new TheoryData<string, string>();
        foreach (var file in ExchangeTable.Files)
        {
            foreach (var scenario in file.Scenarios)
            {
                data.Add(file.Name, scenario.Name);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public async Task Replay_Scenario_AnswersAsRecorded(string file, string scenario)
    {
        var problems = await fixture.PlayAsync(ExchangeTable.Find(file, scenario));

        Assert.True(problems.Count == 0, string.Join("\n\n", problems));
    }
}
