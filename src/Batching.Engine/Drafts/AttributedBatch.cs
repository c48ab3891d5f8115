using Batching.Engine.Model;

namespace Batching.Engine.Drafts;

/// <summary>A batch of a dialect: one that was accepted, or a draft.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Key">Its number.</param>
/// <param name="Attributes">What the dialect has noted of it.</param>
public sealed record AttributedBatch(string Id, long Key, byte[] Attributes)
{
    /// <summary>The batch; null if it is a draft.</summary>
    public BatchRecord? Record { get; init; }

    /// <summary>The draft; null if it was accepted.</summary>
    public BatchDraft? Draft { get; init; }
}
