using Batching.Engine.References;

namespace Batching.Engine.Spawning;

/// <summary>
/// The progress of a request that makes others of the elements of a list. It follows from those it has made, so that it is made again
/// from them after a restart. Not thread-safe: a request takes one step at a time.
/// </summary>
internal sealed class ForEachState
{
    /// <summary>The position of the result whose elements are next; 0 if it is to be found.</summary>
    public int Source { get; set; }

    /// <summary>The position from which on it is looked for the next result.</summary>
    public int Next { get; set; } = 1;

    /// <summary>The place of the next element in its list.</summary>
    public int Item { get; set; }

    /// <summary>The number of requests that were made.</summary>
    public int Count { get; set; }

    /// <summary>The result that was read last.</summary>
    public ReferencedResults Read { get; } = new();
}
