using System.Globalization;

namespace Batching.Benchmarks.Grpc;

/// <summary>One load on two servers in turns, so that what else happens on the machine meets both.</summary>
internal sealed class Contest(Load load, ServerProcess ours, ServerProcess bare)
{
    private const int WarmUpRuns = 2;

    private readonly Contender _ours = new(load, ours);
    private readonly Contender _bare = new(load, bare);
    private readonly Series _ratio = new();

    public static string Heading =>
        """
        | load | ours, 1,000/s | bare, 1,000/s | ratio | goal | ours, CPU µs | bare, CPU µs | ours, bytes | bare, bytes |
        |---|---|---|---|---|---|---|---|---|
        """;

    public async Task RunAsync(int rounds)
    {
        for (var i = 0; i < WarmUpRuns; i++)
        {
            await _ours.SendAsync();
            await _bare.SendAsync();
        }

        for (var i = 0; i < rounds; i++)
        {
            // Who comes first changes.
            var (first, second) = i % 2 == 0 ? (_ours, _bare) : (_bare, _ours);
            await first.MeasureAsync();
            await second.MeasureAsync();
            _ratio.Add(_ours.LastRate / _bare.LastRate);
        }
    }

    public override string ToString()
    {
        var goal = load.Goal?.ToString("0.00", CultureInfo.InvariantCulture) ?? "";
        return $"| {load.Name} | {_ours.Rate.ToText("0")} | {_bare.Rate.ToText("0")} | {_ratio.ToText("0.00")} | {goal} " +
            $"| {_ours.Cpu.ToText("0.00")} | {_bare.Cpu.ToText("0.00")} " +
            $"| {_ours.Allocated.ToText("0")} | {_bare.Allocated.ToText("0")} |";
    }
}
