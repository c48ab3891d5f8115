using Batching.Engine.Model;
using Batching.Engine.Quotas;

namespace Batching.Engine.Delivery;

/// <summary>A page that a call asks for.</summary>
/// <param name="Owner">Who calls.</param>
/// <param name="Fields">What of the requests is wanted.</param>
/// <param name="MaxBytes">Bytes of the message that it is; null if it is read in pieces.</param>
/// <param name="Lease">What it takes while it is under way.</param>
internal readonly record struct PageRequest(string Owner, RequestFields Fields, long? MaxBytes, ByteLease Lease)
{
    /// <summary>Bytes that the requests may take.</summary>
    public long Room => (MaxBytes ?? long.MaxValue) - BatchViews.MaxBytes;
}
