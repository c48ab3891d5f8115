namespace Batching.Engine.Model;

/// <summary>The states of a message. The numbers are stored, and are those of the contract.</summary>
public enum WebhookState
{
    /// <summary>An attempt is still to be made.</summary>
    Waiting = 1,

    /// <summary>The receiver has taken it.</summary>
    Delivered = 2,

    /// <summary>No attempt is made any more.</summary>
    GivenUp = 3,
}
