namespace Batching.Engine.Storage;

/// <summary>A run of requests of a shared batch that a gateway holds.</summary>
/// <param name="BatchKey">The batch.</param>
/// <param name="FirstIndex">The index of the first request.</param>
/// <param name="Count">The number of requests, at least 1.</param>
/// <param name="WasHeld">Another gateway has held it before: some of the requests may be finished, and others begun.</param>
public readonly record struct RequestRun(long BatchKey, int FirstIndex, int Count, bool WasHeld);
