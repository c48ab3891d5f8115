using System.Globalization;
using System.Reflection;
using Batching.Cli.Output;
using Batching.Cli.Terminal;

namespace Batching.Cli.Tests;

/// <summary><c>docs/cli.md</c> says what the program does: its exit codes, commands and limits.</summary>
public sealed class PageTests
{
    private static readonly string Text = File.ReadAllText(Path.Combine(Repository.Root, "docs", "cli.md"));

    [Fact]
    public void ExitCodes_OfTheTable_AreThose()
    {
        var known = typeof(ExitCode).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (int)field.GetRawConstantValue()!).Order();
        var lines = Text.Split('\n');
        var said = lines.Skip(Array.FindIndex(lines, line => line.StartsWith("| exit code |", StringComparison.Ordinal)) + 2)
            .TakeWhile(line => line.StartsWith('|'))
            .SelectMany(line => line.Split('|')[1].Split(','))
            .Select(code => int.Parse(code, CultureInfo.InvariantCulture))
            .Order();

        Assert.Equal(known, said);
    }

    [Fact]
    public void Limits_InTheText_AreThoseOfTheCode()
    {
        Assert.Contains($"body of more than {ResponseJson.MaxBodyBytes / (1024 * 1024)} MiB is left out", Text, StringComparison.Ordinal);
        var interval = (TimeSpan)typeof(ProgressLines).GetField("Interval", BindingFlags.NonPublic | BindingFlags.Static)!.GetValue(null)!;
        Assert.Contains($"a line every {interval.TotalSeconds} s elsewhere", Text, StringComparison.Ordinal);
    }
}
