using Batching.Client;

namespace Batching.Cli.Output;

/// <summary>Writes what is wanted of results.</summary>
internal interface IResultWriter
{
    /// <summary>What is wrong with the output although all results are in it; null if nothing is.</summary>
    string? Problem { get; }

    /// <summary>Writes one.</summary>
    ValueTask WriteAsync(BatchResult result, CancellationToken cancellationToken);
}
