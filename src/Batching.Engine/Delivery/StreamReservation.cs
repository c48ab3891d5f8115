using Batching.Engine.Model;
using Batching.Engine.Quotas;

namespace Batching.Engine.Delivery;

/// <summary>One of the streams that an owner may have open, taken before there is a batch to read. To be disposed, whatever becomes of it.</summary>
public sealed class StreamReservation : IDisposable
{
    internal StreamReservation(Caller caller, RequestFields fields, QuotaLease lease)
    {
        Caller = caller;
        Fields = fields;
        Lease = lease;
    }

    internal Caller Caller { get; }

    internal RequestFields Fields { get; }

    internal QuotaLease Lease { get; }

    /// <summary>Gives the stream back. Nothing happens where a feed that was opened with it has done so before.</summary>
    public void Dispose() => Lease.Dispose();
}
