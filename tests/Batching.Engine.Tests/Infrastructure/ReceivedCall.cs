namespace Batching.Engine.Tests.Infrastructure;

/// <summary>A call as the upstream received it.</summary>
internal sealed record ReceivedCall(string Method, string Target, IReadOnlyDictionary<string, string> Headers, byte[] Body);
