namespace Batching.Engine.Model;

/// <summary>The messages of one owner to one receiver, which wait behind each other. Lanes are ordered by the bytes of the texts.</summary>
/// <param name="Owner">The owner of their batches.</param>
/// <param name="Host">Host and port of the receiver.</param>
public readonly record struct WebhookLane(string Owner, string Host)
{
    /// <summary>A lane before all others.</summary>
    public static WebhookLane First { get; } = new("", "");
}
