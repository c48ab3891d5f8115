namespace Batching.Storage.Sqlite;

/// <summary>The bound of the database's size.</summary>
/// <param name="MaxPages">Pages at most.</param>
/// <param name="ReservedPages">How many of them are kept for changes that free room.</param>
internal sealed record StoreBound(long MaxPages, long ReservedPages)
{
    // What an empty store takes, and a large result beside its payload.
    private const long PagesBesidePayload = 48;

    /// <summary>The largest payload that a store which holds nothing else has room for.</summary>
    public long MaxPayloadBytes => ReservedPages == 0
        ? long.MaxValue
        : Math.Max(0, MaxPages - ReservedPages - PagesBesidePayload) * (StoreConnection.PageSize - 16);

    /// <summary>The bound that was configured.</summary>
    public static StoreBound Of(long? maxFileBytes)
    {
        if (maxFileBytes is not { } bytes)
        {
            return new StoreBound(uint.MaxValue - 1, 0);
        }

        var pages = Math.Min(bytes / StoreConnection.PageSize, uint.MaxValue - 1);
        return new StoreBound(pages, Math.Clamp(pages / 16, 8, 128));
    }
}
