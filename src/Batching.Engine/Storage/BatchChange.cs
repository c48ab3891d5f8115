namespace Batching.Engine.Storage;

/// <summary>A change of a batch that whoever runs it or reads it has to learn.</summary>
public enum BatchChange
{
    /// <summary>Its caller has cancelled it.</summary>
    Cancelled = 1,

    /// <summary>Its responses are deleted.</summary>
    Expired = 2,

    /// <summary>It is deleted.</summary>
    Deleted = 3,
}
