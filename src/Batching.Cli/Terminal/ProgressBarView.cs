using Batching.Client;
using Spectre.Console;

namespace Batching.Cli.Terminal;

/// <summary>Shows a bar on a terminal.</summary>
internal sealed class ProgressBarView(TextWriter output, TimeProvider time) : IProgressView
{
    public Task ShowAsync(Func<IProgress<BatchProgress>, Task> work)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
        return console.Progress()
            .AutoClear(true)
            .Columns(new ProgressBarColumn(), new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
            .StartAsync(context => work(new Bar(context.AddTask("", maxValue: 1), new ProgressMeter(time))));
    }

    private sealed class Bar(ProgressTask task, ProgressMeter meter) : IProgress<BatchProgress>
    {
        public void Report(BatchProgress value)
        {
            var (rate, left) = meter.Add(value);
            task.MaxValue = Math.Max(1, value.Total);
            task.Value = value.Done;
            task.Description = ProgressText.Of(value, rate, left);
        }
    }
}
