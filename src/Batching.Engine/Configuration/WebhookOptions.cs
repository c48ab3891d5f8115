using System.ComponentModel.DataAnnotations;

namespace Batching.Engine.Configuration;

/// <summary>
/// Messages that tell owners of their batches: the configuration section <c>Batch:Webhooks</c>.
/// </summary>
public sealed class WebhookOptions : IValidatableObject
{
    /// <summary>
    /// Host that messages may be sent to, such as <c>hooks.example.com</c>; <c>*.example.com</c> stands for all names below
    /// that one. It means <c>https</c> at its usual port; <c>hooks.example.com:8443</c> means another port, and
    /// <c>http://hooks.example.com</c> messages that are not encrypted. None: submissions that ask for messages are refused.
    /// </summary>
    public IList<string> AllowedHosts { get; } = [];

    /// <summary>
    /// Whether an allowed host may have an address that is not of the internet: loopback, private, link-local and the like. If not,
    /// a name that resolves to such an address is not connected to.
    /// </summary>
    public bool AllowPrivateAddresses { get; set; }

    /// <summary>
    /// Secret that all messages are signed with: <c>whsec_</c> and 24 to 64 bytes in base64. Several, separated by blanks, while it is
    /// changed: messages then have a signature for each. Unset: each owner has a secret of its own, made from one in the store,
    /// which the owner can read.
    /// </summary>
    public string? Secret { get; set; }

    /// <summary>Characters in a URL.</summary>
    [Range(16, 8_192)]
    public int UrlLength { get; set; } = 2_048;

    /// <summary>
    /// Messages of one owner that wait to be sent. At the limit submissions that ask for messages are refused; batches that were
    /// accepted before still get theirs.
    /// </summary>
    [Range(1, 10_000_000)]
    public int WaitingPerOwner { get; set; } = 10_000;

    /// <summary>
    /// Messages under way at the same time. A host gets at most a quarter of them, an owner a quarter, and an owner at one host
    /// an eighth, so that a receiver that does not answer delays no other.
    /// </summary>
    [Range(8, 1_000)]
    public int Concurrency { get; set; } = 64;

    /// <summary>Deadline of one attempt, from the lookup of the name to the head of the answer.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:05:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Time until the second attempt, more or less. It doubles with each further attempt. A <c>Retry-After</c> that asks for a longer
    /// time is obeyed.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00")]
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest time between two attempts, more or less, unless <c>Retry-After</c> asks for more.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "1.00:00:00")]
    public TimeSpan MaxRetryDelay { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Time after which a message is given up: no attempt that would begin later is made. It is kept for so long even if its batch is
    /// deleted.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "30.00:00:00")]
    public TimeSpan RetryFor { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Whether hosts and secrets can be read.</summary>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var entry in AllowedHosts.Where(entry => !AllowedReceiver.TryParse(entry, out _)))
        {
            yield return new ValidationResult(
                $"'{entry}' is not a host such as hooks.example.com, *.example.com, hooks.example.com:8443 or http://hooks.example.com.",
                [nameof(AllowedHosts)]);
        }

        // Without the text, which is a secret.
        if (Secret is not null && !SigningSecret.TryParseAll(Secret, out _))
        {
            yield return new ValidationResult(
                "must be whsec_ and 24 to 64 bytes in base64; several are separated by blanks.", [nameof(Secret)]);
        }
    }
}
