using System.Globalization;
using Batching.Client;

namespace Batching.Cli.Terminal;

/// <summary>Says how far a batch is.</summary>
internal static class ProgressText
{
    /// <summary>Such as <c>1,200 of 20,000 done, 3 failed, 4,100/s, 4 s left</c>.</summary>
    public static string Of(BatchProgress progress, double rate, TimeSpan? left)
    {
        var text = string.Create(
            CultureInfo.InvariantCulture, $"{progress.Done:N0} of {progress.Total:N0} done, {progress.Failed:N0} failed");
        if (progress.Running == 0)
        {
            return text;
        }

        if (rate > 0)
        {
            text += string.Create(CultureInfo.InvariantCulture, $", {(rate < 10 ? Math.Round(rate, 1) : Math.Round(rate)):#,0.#}/s");
        }

        return left is { } time ? $"{text}, {Of(time)} left" : text;
    }

    /// <summary>Such as <c>1 call</c> or <c>2,000 calls</c>.</summary>
    public static string OfCalls(long count) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:N0} {(count == 1 ? "call" : "calls")}");

    /// <summary>Such as <c>1 h 5 min</c>, <c>2 min 10 s</c> or <c>4 s</c>.</summary>
    public static string Of(TimeSpan time)
    {
        time = TimeSpan.FromSeconds(Math.Ceiling(time.TotalSeconds));
        return time.TotalHours >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours} h {time.Minutes} min")
            : time.TotalMinutes >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{time.Minutes} min {time.Seconds} s")
            : string.Create(CultureInfo.InvariantCulture, $"{time.Seconds} s");
    }
}
