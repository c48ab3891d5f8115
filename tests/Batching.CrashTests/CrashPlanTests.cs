using System.Text.Json;
using Batching.CrashTests.Plan;

namespace Batching.CrashTests;

/// <summary>A seed says everything about a plan.</summary>
public sealed class CrashPlanTests
{
    [Fact]
    public void Plan_SameSeed_IsTheSame() => Assert.Equal(Describe(new CrashPlan(7)), Describe(new CrashPlan(7)));

    [Fact]
    public void Plan_OtherSeed_IsAnother() => Assert.NotEqual(Describe(new CrashPlan(7)), Describe(new CrashPlan(8)));

    private static string Describe(CrashPlan plan) => JsonSerializer.Serialize(
        Enumerable.Range(0, 50).Select(number => new
        {
            Kill = plan.Kill(number),
            Batch = plan.Batch(number),
            Keyed = plan.KeyedBatch(number),
            Token = plan.TokenOf(number % CrashPlan.Owners),
        }));
}
