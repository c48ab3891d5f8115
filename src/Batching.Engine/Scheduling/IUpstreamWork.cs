using Batching.Engine.Upstreams;

namespace Batching.Engine.Scheduling;

/// <summary>Something that waits for its turn at an upstream.</summary>
internal interface IUpstreamWork
{
    /// <summary>Does it, or finds that it isn't wanted any more. Must not throw.</summary>
    /// <param name="place">Its place at the upstream, which it has until it ends.</param>
    ValueTask RunAsync(ICallPlace place);
}
