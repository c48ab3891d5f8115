namespace Batching.Engine.Upstreams;

/// <summary>Where a request goes.</summary>
internal readonly record struct Route(Upstream Upstream, Uri Target);
