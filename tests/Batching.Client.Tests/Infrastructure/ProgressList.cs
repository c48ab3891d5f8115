namespace Batching.Client.Tests.Infrastructure;

/// <summary>Keeps what it was told last.</summary>
public sealed class ProgressList : IProgress<BatchProgress>
{
    public BatchProgress Last { get; private set; }

    public void Report(BatchProgress value) => Last = value;
}
