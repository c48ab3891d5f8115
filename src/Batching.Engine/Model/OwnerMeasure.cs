namespace Batching.Engine.Model;

/// <summary>A number of <see cref="OwnerUsage"/>.</summary>
public enum OwnerMeasure
{
    /// <summary>Requests without a result.</summary>
    Requests,

    /// <summary>Batches that are not done.</summary>
    Batches,

    /// <summary>Stored bytes.</summary>
    Bytes,
}
