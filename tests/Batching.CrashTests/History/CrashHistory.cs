using Batching.CrashTests.Plan;
using Batching.CrashTests.Upstream;

namespace Batching.CrashTests.History;

/// <summary>What the clients and the upstream of a gateway have seen while it was killed again and again.</summary>
internal sealed class CrashHistory
{
    private readonly Lock _lock = new();

    /// <summary>What was handed to the gateway.</summary>
    public List<Submission> Submissions { get; } = [];

    /// <summary>What was appended to open batches, in order, once it was acknowledged.</summary>
    public List<Appended> Appended { get; } = [];

    /// <summary>The messages that a receiver has got.</summary>
    public List<Told> Told { get; } = [];

    /// <summary>The calls of keyed batches.</summary>
    public List<RequestPlan> KeyedCalls { get; } = [];

    /// <summary>Replies with results.</summary>
    public List<Reply> Replies { get; } = [];

    /// <summary>Replies to keyed batches.</summary>
    public List<KeyedReply> KeyedReplies { get; } = [];

    /// <summary>Counters.</summary>
    public List<View> Views { get; } = [];

    /// <summary>Batches that were to be cancelled or deleted.</summary>
    public List<Stop> Stops { get; } = [];

    /// <summary>Questions for the batches of others.</summary>
    public List<Probe> Probes { get; } = [];

    /// <summary>Ids of batches whose parallel flow was fetched until nothing was left.</summary>
    public List<string> Drained { get; } = [];

    /// <summary>When a server was killed.</summary>
    public List<DateTimeOffset> Kills { get; } = [];

    /// <summary>What can be seen of every batch in the end.</summary>
    public List<FinalBatch> Finals { get; } = [];

    /// <summary>What the upstream has received.</summary>
    public List<ReceivedCall> Calls { get; } = [];

    /// <summary>What the upstream has answered.</summary>
    public List<GivenAnswer> Answers { get; } = [];

    /// <summary>The credential of each owner, as the upstream gets it.</summary>
    public List<string> Credentials { get; } = [];

    /// <summary>What nobody expected of a server that was alive, in words.</summary>
    public List<string> Surprises { get; } = [];

    /// <summary>The messages that have come so far, alone. Thread-safe.</summary>
    public CrashHistory WithTold()
    {
        var history = new CrashHistory();
        lock (_lock)
        {
            history.Told.AddRange(Told);
        }

        return history;
    }

    /// <summary>Adds to one of the lists. Thread-safe.</summary>
    public void Add<T>(List<T> list, T item)
    {
        lock (_lock)
        {
            list.Add(item);
        }
    }
}
