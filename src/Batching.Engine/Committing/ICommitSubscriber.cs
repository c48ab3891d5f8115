using Batching.Engine.Running;
using Batching.Engine.Storage;

namespace Batching.Engine.Committing;

/// <summary>Is told of every change once it is durable, see <see cref="CommitPublisher"/>.</summary>
internal interface ICommitSubscriber
{
    /// <summary>
    /// A change was committed. Called one at a time, in the order of the commits, before whoever has made the change goes
    /// on: it must be quick, and must not throw.
    /// </summary>
    /// <param name="write">The change.</param>
    /// <param name="batch">The batch whose results were appended; null for other changes.</param>
    void OnCommitted(StoreWrite write, ActiveBatch? batch);
}
