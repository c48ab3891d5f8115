using System.ComponentModel.DataAnnotations;

namespace Batching.Engine.Configuration;

/// <summary>The times for which things are kept, counted from the moment a batch was accepted, or from its <c>start_time</c>.</summary>
public sealed class RetentionOptions
{
    /// <summary>
    /// Time for which response headers and bodies are kept, counted from the moment the batch was accepted, or from its
    /// <c>start_time</c>. Requests that have no result by then are stopped.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "30.00:00:00")]
    public TimeSpan Responses { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Time for which everything else of a batch is kept, counted from the moment it was accepted, or from its
    /// <c>start_time</c>, which may be as far ahead. At least <see cref="Responses"/>.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "365.00:00:00")]
    public TimeSpan Metadata { get; set; } = TimeSpan.FromDays(1);
}
