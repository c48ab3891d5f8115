namespace Batching.CrashTests.Plan;

/// <summary>What its owner does with a batch.</summary>
internal enum Fate
{
    /// <summary>Lets it finish.</summary>
    Finish,

    /// <summary>Cancels it some time after it was accepted.</summary>
    Cancel,

    /// <summary>Deletes it some time after it was accepted.</summary>
    Delete,
}
