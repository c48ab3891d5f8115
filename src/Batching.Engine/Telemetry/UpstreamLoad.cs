namespace Batching.Engine.Telemetry;

/// <summary>The load of an upstream at one moment.</summary>
/// <param name="Upstream">The prefix of its paths.</param>
/// <param name="Waiting">Requests that wait for it in memory.</param>
/// <param name="InFlight">Requests under way to it.</param>
/// <param name="Limit">How many requests it gets at a time.</param>
internal readonly record struct UpstreamLoad(string Upstream, int Waiting, int InFlight, int Limit);
