namespace Batching.Engine.Delivery;

/// <summary>Keeps what is on its way to clients.</summary>
internal interface IDeliveryKeeper
{
    /// <inheritdoc cref="Delivery.Shorten"/>
    void Shorten(Delivery delivery, int last);

    /// <inheritdoc cref="Delivery.Write"/>
    void Write(Delivery delivery);

    /// <inheritdoc cref="Delivery.Complete"/>
    void Complete(Delivery delivery, bool received);
}
