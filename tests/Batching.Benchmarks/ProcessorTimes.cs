using System.Diagnostics;
using System.Globalization;

namespace Batching.Benchmarks;

/// <summary>Where the machine's processor time goes, as Linux tells it.</summary>
internal static class ProcessorTimes
{
    private const double TicksPerSecond = 100;

    /// <summary>Time that all programs together have taken since the machine was started.</summary>
    public static TimeSpan OfMachine()
    {
        // cpu user nice system idle iowait irq softirq steal
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var busy = fields.Skip(1).Take(8).Select((field, i) => i is 3 or 4 ? 0 : Parse(field)).Sum();
        return TimeSpan.FromSeconds(busy / TicksPerSecond);
    }

    /// <summary>Time that the children of a process have taken.</summary>
    public static TimeSpan OfChildren(int processId)
    {
        var total = TimeSpan.Zero;
        foreach (var child in File.ReadAllText($"/proc/{processId}/task/{processId}/children")
            .Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            using var process = Process.GetProcessById((int)Parse(child));
            total += process.TotalProcessorTime;
        }

        return total;
    }

    /// <summary>Describes the machine in one line.</summary>
    public static string DescribeMachine()
    {
        var model = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Environment.ProcessorCount} cores ({model?.Split(':')[1].Trim() ?? "unknown"}), {Environment.OSVersion.VersionString}, .NET {Environment.Version}; load average before: {File.ReadAllText("/proc/loadavg").Split(' ')[0]}");
    }

    private static double Parse(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
