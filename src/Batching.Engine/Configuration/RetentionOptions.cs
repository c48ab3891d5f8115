using System.ComponentModel.DataAnnotations;

namespace Batching.Engine.Configuration;

/// <summary>The times for which things are kept, counted from the moment a batch was accepted.</summary>
public sealed class RetentionOptions
{
    /// <summary>
    /// Time for which response headers and bodies are kept, counted from the moment the batch was accepted. Requests that
    /// have no result by then are stopped.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "30.00:00:00")]
    public TimeSpan Responses { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Time for which everything else of a batch is kept, counted from the moment it was accepted. At least <see
    /// cref="Responses"/>.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "365.00:00:00")]
    public TimeSpan Metadata { get; set; } = TimeSpan.FromDays(1);
}
