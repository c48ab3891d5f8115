namespace Batching.Engine.Storage;

/// <summary>The store can't be used until a person has looked after it. The message says why.</summary>
public sealed class StoreUnusableException(string message, Exception? innerException = null)
    : Exception(message, innerException);
