namespace Batching.Engine.Committing;

/// <summary>The outcome of a <see cref="PendingAppend"/>.</summary>
internal enum AppendOutcome
{
    /// <summary>It was done.</summary>
    Done,

    /// <summary>It was the last append, made again.</summary>
    Repeated,

    /// <summary>The batch takes no more requests.</summary>
    Sealed,

    /// <summary>It begins elsewhere than where the batch ends.</summary>
    WrongOffset,

    /// <summary>The batch would have too many requests.</summary>
    TooMany,

    /// <summary>The batch would have too many bytes.</summary>
    TooLarge,
}
