namespace Batching.Engine.Model;

/// <summary>Events in the life of a batch that its owner can be told of. The numbers are stored.</summary>
[Flags]
public enum BatchEvents
{
    /// <summary>No event.</summary>
    None = 0,

    /// <summary>The last result is stored.</summary>
    Done = 1,

    /// <summary>The first failed request has its result.</summary>
    FailedFirst = 2,

    /// <summary>The response bodies are deleted.</summary>
    Expired = 4,
}
