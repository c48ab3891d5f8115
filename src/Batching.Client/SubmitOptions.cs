namespace Batching.Client;

/// <summary>Options for submitting a batch.</summary>
public sealed class SubmitOptions
{
    /// <summary>
    /// The key by which the gateway recognises the submission if it is made again: then its answer is the batch that is there, and no
    /// other one is made. Of visible ASCII characters and blanks, at most 255 unless the gateway is configured otherwise. A new one for
    /// each call by default. Give one of your own, and keep it before you submit, to be able to go on after your own process has died.
    /// </summary>
    public string? IdempotencyKey { get; init; }
}
