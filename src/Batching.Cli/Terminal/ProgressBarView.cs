using Batching.Client;
using Spectre.Console;

namespace Batching.Cli.Terminal;

/// <summary>Shows a bar on a terminal.</summary>
internal sealed class ProgressBarView(TextWriter output, TimeProvider time, AnsiSupport ansi = AnsiSupport.Detect) : IProgressView
{
    // Leaves room for the text on a line of 80 characters.
    private const int BarWidth = 20;

    public Task ShowAsync(Func<IProgress<BatchProgress>, Task> work)
    {
        // Also where standard input is a pipe.
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = ansi,
            Interactive = InteractionSupport.Yes,
            Out = new AnsiConsoleOutput(output),
        });
        return console.Progress()
            .AutoClear(true)
            .Columns(
                new ProgressBarColumn { Width = BarWidth },
                new PercentageColumn(),
                new TaskDescriptionColumn { Alignment = Justify.Left })
            .StartAsync(context => work(new Bar(context.AddTask("0 done", maxValue: 1), new ProgressMeter(time))));
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
