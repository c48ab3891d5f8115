using Batching.Engine.Scheduling;
using Batching.Engine.Upstreams;

namespace Batching.Engine.Keyed;

/// <summary>A call of a keyed batch that waits for its upstream. It keeps nothing of the call itself alive.</summary>
internal sealed record KeyedWork(KeyedRun Run, int Index) : IUpstreamWork
{
    public ValueTask RunAsync(ICallPlace place) => Run.RunAsync(Index, place);
}
