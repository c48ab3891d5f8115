namespace Batching.Engine.Storage;

/// <summary>The store can't be read or written at the moment. Nothing of the failed call was stored.</summary>
public sealed class StoreUnavailableException(string message, Exception innerException)
    : Exception(message, innerException)
{
    /// <summary>There was no room: a smaller change may succeed, and so does one that frees some.</summary>
    public bool IsFull { get; init; }
}
