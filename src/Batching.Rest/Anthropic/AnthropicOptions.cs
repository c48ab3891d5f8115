using System.ComponentModel.DataAnnotations;
using Batching.Rest.Dialects;

namespace Batching.Rest.Anthropic;

/// <summary>Anthropic's Message Batches API: the configuration section <c>Batch:Dialects:Anthropic</c>.</summary>
internal sealed class AnthropicOptions
{
    /// <summary>
    /// Whether clients of [Anthropic's Message Batches API](anthropic.md) are served. Then the path <c>/v1/messages/batches</c> is the
    /// gateway's.
    /// </summary>
    public bool Enabled { get; set; }

    /// <summary>
    /// Path in front of <c>/messages/batches</c>. It begins with a slash and does not end with one. What is in front of its <c>/v1</c> belongs
    /// into the base URL that clients are given.
    /// </summary>
    [RegularExpression("^(/[A-Za-z0-9._~-]+)+$", ErrorMessage = "must be a path such as /v1")]
    public string BasePath { get; set; } = "/v1";

    /// <summary>
    /// Address that clients know the gateway by, such as `https://batch.example.com`. `results_url` of a batch begins with it. If it is
    /// empty, `results_url` is a path, which clients append to their base URL.
    /// </summary>
    [RegularExpression("^(https?://[^/?#]+(/[^?#]*[^/?#])?)?$", ErrorMessage = "must be an address without a slash at its end, such as https://batch.example.com")]
    public string PublicUrl { get; set; } = "";

    /// <summary>Size of the body of a submission. It is read as a stream.</summary>
    [Range(typeof(long), "1024", "17179869184")]
    public long BodyBytes { get; set; } = 256L * 1024 * 1024;

    /// <summary>Requests of one batch.</summary>
    [Range(1, 1_000_000)]
    public int Requests { get; set; } = 100_000;

    /// <summary>Size of one request. One is in memory at a time for each submission.</summary>
    [Range(1024, 33_554_432)]
    public int RequestBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>
    /// Time that a batch may take, counted from its submission. Requests that have no result by then are stopped, and have the
    /// result <c>expired</c>.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "30.00:00:00")]
    public TimeSpan CompletionWindow { get; set; } = TimeSpan.FromDays(1);

    /// <summary>
    /// Time for which the results of a batch are kept beyond <see cref="CompletionWindow"/>. It counts in the place of
    /// <c>Batch:Retention:Responses</c>.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "30.00:00:00")]
    public TimeSpan OutputRetention { get; set; } = TimeSpan.FromDays(1);

    /// <summary>The key of an option, as messages name it.</summary>
    public static string KeyOf(string name) => $"{DialectOptions.Section}:{nameof(DialectOptions.Anthropic)}:{name}";
}
