using System.Globalization;
using System.Reflection;
using Batching.Engine.Configuration;
using Batching.Server.Tests.Infrastructure;

namespace Batching.Server.Tests.Configuration;

/// <summary>The documented budgets add up.</summary>
public sealed class MemoryTableTests
{
    private const int Megabyte = 1024 * 1024;

    // What the gateway may hold by default, whatever callers do.
    private const long Most = 768;

    [Fact]
    public void Operations_TableOfMemory_HasAllBudgetsAndTheirSum()
    {
        var budgets = BudgetsOf("Batch", new BatchEngineOptions()).ToArray();
        var sum = budgets.Sum(budget => budget.Bytes) / Megabyte;
        Assert.NotEmpty(budgets);
        Assert.InRange(sum, 1, Most);

        Assert.Equal(
            budgets.Select(budget => (budget.Key, $"{budget.Bytes / Megabyte} MiB")).Append(("sum", $"{sum} MiB"))
                .Order(),
            ReadTable().Order());
    }

    [Fact]
    public void Budgets_InTheConfiguration_AreThoseOfTheTable() => Assert.All(
        BudgetsOf("Batch", new BatchEngineOptions()),
        budget => Assert.Contains(Batching.Server.Configuration.KnownKey.All, key => key.Path == budget.Key));

    private static IEnumerable<(string Key, long Bytes)> BudgetsOf(string path, object options)
    {
        foreach (var property in options.GetType().GetProperties())
        {
            if (property.GetCustomAttribute<MemoryBudgetAttribute>() is not null)
            {
                yield return ($"{path}:{property.Name}", Convert.ToInt64(property.GetValue(options), CultureInfo.InvariantCulture));
            }
            else if (property.PropertyType.Assembly == typeof(BatchEngineOptions).Assembly && property.PropertyType.IsClass)
            {
                foreach (var budget in BudgetsOf($"{path}:{property.Name}", property.GetValue(options)!))
                {
                    yield return budget;
                }
            }
        }
    }

    private static IEnumerable<(string Key, string Size)> ReadTable()
    {
        return File.ReadLines(Path.Combine(Repository.Root, "docs", "operations.md"))
            .SkipWhile(line => line != "## Sizing memory")
            .Skip(1)
            .TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal))
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal) || line.StartsWith("| sum", StringComparison.Ordinal))
            .Select(line => line.Split('|'))
            .Select(cells => (cells[1].Trim(' ', '`'), cells[2].Trim()));
    }
}
