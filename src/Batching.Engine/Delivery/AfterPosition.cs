using Batching.Engine.Model;

namespace Batching.Engine.Delivery;

/// <summary>Checks the <c>after</c> of a call.</summary>
internal static class AfterPosition
{
    /// <summary>
    /// The problem with it, if there is one. A position that was never handed out must not count as received: the
    /// result that gets it later would be skipped.
    /// </summary>
    public static Refusal? Check(long after, BatchRecord record) =>
        after < 0 || after > record.Finished
            ? new Refusal.Invalid("after", $"must be a position from 0 to {record.Finished}, the last one so far")
            : null;
}
