using Batching.Client;

namespace Batching.Cli.Output;

/// <summary>Writes what is wanted of results.</summary>
internal interface IResultWriter
{
    /// <summary>Writes one.</summary>
    ValueTask WriteAsync(BatchResult result, CancellationToken cancellationToken);
}
