using System.Globalization;
using Batching.Client;

namespace Batching.Cli.Terminal;

/// <summary>Writes a line now and then, for logs and for other programs.</summary>
internal sealed class ProgressLines(TextWriter output, bool isJson, TimeProvider time) : IProgressView, IProgress<BatchProgress>
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly ProgressMeter _meter = new(time);
    private BatchProgress? _written;
    private long _writtenAt;

    public Task ShowAsync(Func<IProgress<BatchProgress>, Task> work) => work(this);

    public void Report(BatchProgress value)
    {
        var (rate, left) = _meter.Add(value);
        var isLast = value.Running == 0;
        if (value == _written || (_written is not null && !isLast && time.GetElapsedTime(_writtenAt) < Interval))
        {
            return;
        }

        if (isLast && _written is { Running: 0 })
        {
            return;
        }

        (_written, _writtenAt) = (value, time.GetTimestamp());
        var seconds = left is { } duration ? Math.Ceiling(duration.TotalSeconds).ToString(CultureInfo.InvariantCulture) : "null";
        output.WriteLine(isJson
            ? string.Create(
                CultureInfo.InvariantCulture,
                $$$"""{"progress":{"totalRequests":{{{value.Total}}},"runningRequests":{{{value.Running}}},"failedRequests":{{{value.Failed}}},"rate":{{{Math.Round(rate, 1)}}},"secondsLeft":{{{seconds}}}}}""")
            : ProgressText.Of(value, rate, left));
    }
}
