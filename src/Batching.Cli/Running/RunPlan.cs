using Batching.Cli.Input;
using Batching.Cli.Output;

namespace Batching.Cli.Running;

/// <summary>The plan of a run: what is to be submitted, and where its results go.</summary>
internal sealed record RunPlan
{
    /// <summary>The files with the calls.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary>Writes the calls to a file, because they can't be read from one again. Null if <see cref="Files"/> has them.</summary>
    public Func<Stream, CancellationToken, Task>? CopyCalls { get; init; }

    /// <summary>The format of the calls.</summary>
    public CallFormat Format { get; init; }

    /// <summary>The template for tables.</summary>
    public string? Template { get; init; }

    /// <summary>The part of each result that is written.</summary>
    public OutputShape Shape { get; init; } = new();

    /// <summary>The file for the results; null for standard output.</summary>
    public string? Output { get; init; }

    /// <summary>Whether what is in that file is given up.</summary>
    public bool Overwrite { get; init; }

    /// <summary>The URL that the gateway tells of the batch; null if it tells nobody.</summary>
    public string? NotifyUrl { get; init; }

    /// <summary>Whether nobody waits for the results.</summary>
    public bool IsDetached { get; init; }
}
