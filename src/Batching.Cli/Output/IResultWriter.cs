using Batching.Client;

namespace Batching.Cli.Output;

/// <summary>Writes what is wanted of results.</summary>
internal interface IResultWriter
{
    /// <summary>The problem of the output although all results are in it; null if there is none.</summary>
    string? Problem { get; }

    /// <summary>Writes one.</summary>
    ValueTask WriteAsync(BatchResult result, CancellationToken cancellationToken);
}
