using System.Collections.Immutable;
using Batching.Engine.Running;
using Batching.Engine.Storage;

namespace Batching.Engine.Committing;

/// <summary>
/// Tells everybody what was committed: first the counters and the caches, then the subscribers, and at last those who wait for a
/// change of the batch, so that they find everything as it is now. So it is for changes that other gateways have committed. Thread-safe.
/// </summary>
internal sealed class CommitPublisher(
    ActiveBatches activeBatches,
    RequestReader requests,
    ResultReader results,
    ChangeNotifier changes)
{
    private readonly Lock _publishing = new();
    private ImmutableArray<ICommitSubscriber> _subscribers = [];

    /// <summary>Adds a subscriber, for as long as the gateway runs.</summary>
    public void Subscribe(ICommitSubscriber subscriber) =>
        ImmutableInterlocked.Update(ref _subscribers, static (all, added) => all.Add(added), subscriber);

    /// <summary>Publishes a change.</summary>
    /// <inheritdoc cref="ICommitSubscriber.OnCommitted"/>
    public void Publish(StoreWrite write, ActiveBatch? batch)
    {
        lock (_publishing)
        {
            PublishAlone(write, batch);
        }
    }

    private void PublishAlone(StoreWrite write, ActiveBatch? batch)
    {
        switch (write)
        {
            case StoreWrite.AppendResults append:
                Add(append, batch!);
                break;
            case StoreWrite.Expire:
                results.Forget(write.BatchKey);
                break;
            case StoreWrite.Delete:
                requests.Forget(write.BatchKey);
                results.Forget(write.BatchKey);
                break;
        }

        foreach (var subscriber in _subscribers)
        {
            subscriber.OnCommitted(write, batch);
        }

        if (write is StoreWrite.Delete or StoreWrite.AppendResults { Batch.DoneTime: not null })
        {
            activeBatches.Remove(write.BatchKey);
        }

        if (write is StoreWrite.Delete or StoreWrite.AppendResults)
        {
            changes.Notify(write.BatchKey);
        }
    }

    private void Add(StoreWrite.AppendResults write, ActiveBatch batch)
    {
        foreach (var segment in write.Segments)
        {
            results.Add(batch.Key, segment);
        }

        batch.Advance(write.Batch);
    }
}
