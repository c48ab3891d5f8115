namespace Batching.Engine.Storage;

/// <summary>The store can't be read or written at the moment. Nothing of the failed call was stored.</summary>
public sealed class StoreUnavailableException(string message, Exception innerException)
    : Exception(message, innerException);
