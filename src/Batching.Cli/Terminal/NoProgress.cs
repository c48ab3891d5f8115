using Batching.Client;

namespace Batching.Cli.Terminal;

/// <summary>Shows nothing.</summary>
internal sealed class NoProgress : IProgressView, IProgress<BatchProgress>
{
    public Task ShowAsync(Func<IProgress<BatchProgress>, Task> work) => work(this);

    public void Report(BatchProgress value)
    {
    }
}
