using Batching.Client;

namespace Batching.Cli.Terminal;

/// <summary>Shows on standard error how far a batch is.</summary>
internal interface IProgressView
{
    /// <summary>Does something, and shows its progress meanwhile.</summary>
    Task ShowAsync(Func<IProgress<BatchProgress>, Task> work);
}
