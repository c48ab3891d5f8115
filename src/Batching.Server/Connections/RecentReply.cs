using Batching.Engine.Delivery;

namespace Batching.Server.Connections;

/// <summary>A reply that was written a short while ago. Under the lock of <see cref="RecentReplies"/>.</summary>
internal sealed class RecentReply
{
    public RecentReply(Delivery delivery, long written)
    {
        Delivery = delivery;
        Written = written;
        ByAge = new LinkedListNode<RecentReply>(this);
        OfConnection = new LinkedListNode<RecentReply>(this);
    }

    /// <summary>The delivery that it carries.</summary>
    public Delivery Delivery { get; }

    /// <summary>The time at which it was written.</summary>
    public long Written { get; }

    /// <summary>Its place among all.</summary>
    public LinkedListNode<RecentReply> ByAge { get; }

    /// <summary>Its place among those of its connection.</summary>
    public LinkedListNode<RecentReply> OfConnection { get; }
}
