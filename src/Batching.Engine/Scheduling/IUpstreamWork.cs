namespace Batching.Engine.Scheduling;

/// <summary>Something that waits for its turn at an upstream.</summary>
internal interface IUpstreamWork
{
    /// <summary>
    /// Does it, or finds that it isn't wanted any more. Takes one of the upstream's places until it ends, and must not
    /// throw.
    /// </summary>
    ValueTask RunAsync();
}
