using System.ComponentModel.DataAnnotations;
using Batching.Rest.Dialects;

namespace Batching.Rest.OpenAi;

/// <summary>OpenAI's Batch API: the configuration section <c>Batch:Dialects:OpenAI</c>.</summary>
internal sealed class OpenAiOptions
{
    /// <summary>
    /// Whether clients of [OpenAI's Batch API](openai.md) are served. Then the paths <c>/v1/files</c> and <c>/v1/batches</c> are the
    /// gateway's.
    /// </summary>
    public bool Enabled { get; set; }

    /// <summary>
    /// Path in front of <c>/files</c> and <c>/batches</c>: the path of the base URL that clients are given. It begins with a slash and does
    /// not end with one.
    /// </summary>
    [RegularExpression("^(/[A-Za-z0-9._~-]+)+$", ErrorMessage = "must be a path such as /v1")]
    public string BasePath { get; set; } = "/v1";

    /// <summary>Size of one uploaded file. Files count in <c>Batch:Quotas:StoredBytes</c>.</summary>
    [Range(typeof(long), "1024", "17179869184")]
    public long FileBytes { get; set; } = 200L * 1024 * 1024;

    /// <summary>Lines of the file that a batch is submitted with. Each is one request.</summary>
    [Range(1, 1_000_000)]
    public int FileLines { get; set; } = 50_000;

    /// <summary>Size of one line. Two lines are in memory at a time, over all callers.</summary>
    [Range(1024, 33_554_432)]
    public int LineBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>Longest time for which uploaded files are kept, and the default.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "365.00:00:00")]
    public TimeSpan FileRetention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>
    /// Time that a batch may take, counted from its submission: what clients call <c>24h</c>. Requests that have no result by then
    /// are stopped, and the batch has the status <c>expired</c>.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "30.00:00:00")]
    public TimeSpan CompletionWindow { get; set; } = TimeSpan.FromDays(1);

    /// <summary>
    /// Longest time for which the results of a batch are kept after its end, and the default. It counts in the place of
    /// <c>Batch:Retention:Responses</c>.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "30.00:00:00")]
    public TimeSpan OutputRetention { get; set; } = TimeSpan.FromDays(1);

    /// <summary>
    /// Order in which the requests of a batch are sent, for model servers that keep what prompts have in common (a prefix cache). `None`: as in
    /// the file. `Model`: those of one model together. `ModelAndPrompt`: of these, those together whose prompts begin alike. Then the
    /// file is read twice, and 64 bytes of memory are taken for each line of the two files that are read at a time.
    /// </summary>
    public OpenAiGrouping GroupBy { get; set; }

    /// <summary>The key of an option, as messages name it.</summary>
    public static string KeyOf(string name) => $"{DialectOptions.Section}:{nameof(DialectOptions.OpenAI)}:{name}";
}
