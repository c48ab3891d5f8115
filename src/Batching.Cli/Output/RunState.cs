using Batching.Cli.Input;

namespace Batching.Cli.Output;

/// <summary>
/// The state that is kept beside an output file until all of it is there, so that a run that was cut can go on: in the file of the same name
/// with <c>.batch</c> behind it.
/// </summary>
internal sealed record RunState
{
    /// <summary>The form of this record.</summary>
    public int Version { get; init; } = 1;

    /// <summary>The gateway.</summary>
    public required Uri Url { get; init; }

    /// <summary>The id of the batch. Null while it is being submitted.</summary>
    public string? BatchId { get; init; }

    /// <summary>Whether the calls may have been submitted.</summary>
    public bool IsSent { get; init; }

    /// <summary>The key of the submission, by which the gateway recognises it if it is made again. Null before it is sent.</summary>
    public string? SubmissionKey { get; init; }

    /// <summary>The time at which it was first sent.</summary>
    public DateTimeOffset SentTime { get; init; }

    /// <summary>Position of the last result in the part of the output that is certain.</summary>
    public long Position { get; init; }

    /// <summary>Bytes of that part.</summary>
    public long Length { get; init; }

    /// <summary>The files with the calls; none if the batch was not submitted by this run.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary>Whether the only one of them is the run's own copy of what it was given.</summary>
    public bool IsCopy { get; init; }

    /// <summary>The format of the calls.</summary>
    public CallFormat Format { get; init; }

    /// <summary>The template for tables.</summary>
    public string? Template { get; init; }

    /// <summary>The URL that the gateway tells of the batch; null if it tells nobody.</summary>
    public string? NotifyUrl { get; init; }

    /// <summary>The shape of the output.</summary>
    public OutputShape Shape { get; init; } = new();
}
