namespace Batching.Engine.Model;

/// <summary>The URL that is told of a batch, and of which events.</summary>
/// <param name="Url">The URL, as the owner gave it.</param>
/// <param name="Events">The events, at least one.</param>
public sealed record WebhookTarget(string Url, BatchEvents Events)
{
    // The body of a message, and what is noted of its attempts.
    private const int MessageBytes = 1024;

    /// <summary>About how many bytes its messages take in a store, which are charged to the owner with the requests.</summary>
    public int StoredBytes => (1 + int.PopCount((int)Events)) * (Url.Length + MessageBytes);
}
