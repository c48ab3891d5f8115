using System.ComponentModel.DataAnnotations;

namespace Batching.Engine;

/// <summary>How long things are kept, counted from the moment a batch was accepted.</summary>
public sealed class RetentionOptions
{
    /// <summary>
    /// When response bodies and headers are deleted; what has not finished by then is stopped. 1 s to 30 days;
    /// default 1 h.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "30.00:00:00")]
    public TimeSpan Responses { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// When the batch itself is deleted. At least <see cref="Responses"/>, at most 365 days; default 24 h.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "365.00:00:00")]
    public TimeSpan Metadata { get; set; } = TimeSpan.FromDays(1);
}
