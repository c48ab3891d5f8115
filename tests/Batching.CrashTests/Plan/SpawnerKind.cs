namespace Batching.CrashTests.Plan;

/// <summary>How the pages of a spawner follow each other.</summary>
internal enum SpawnerKind
{
    /// <summary>The request is no spawner.</summary>
    None,

    /// <summary>One after the other, by cursor.</summary>
    Cursor,

    /// <summary>Side by side, once the first tells how many there are.</summary>
    FanOut,
}
