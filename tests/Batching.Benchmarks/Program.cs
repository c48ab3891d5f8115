using Batching.Benchmarks.Keyed;

switch (args)
{
    case ["keyed-comparison", .. var rest]:
        await ComparisonFigure.RunAsync(rest is [var rounds] ? int.Parse(rounds, System.Globalization.CultureInfo.InvariantCulture) : 5);
        return 0;
    case ["keyed-latency"]:
        await LatencyFigure.RunAsync();
        return 0;
    default:
        Console.Error.WriteLine("Which figure? keyed-comparison [rounds], keyed-latency");
        return 2;
}
