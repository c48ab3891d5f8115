namespace Batching.Engine.Storage;

/// <summary>The fate of results that were reserved to be delivered.</summary>
public enum DeliveryOutcome
{
    /// <summary>They have not arrived, and may be reserved again.</summary>
    Free,

    /// <summary>They are still on their way, perhaps fewer than before.</summary>
    OnTheWay,

    /// <summary>They were written completely. Whether that has arrived is to be told.</summary>
    Written,

    /// <summary>They have arrived: the received mark moves behind them, once it has come as far.</summary>
    Received,
}
