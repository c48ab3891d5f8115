namespace Batching.Server.Keyed.Tests.Infrastructure;

/// <summary>A call as the API received it.</summary>
public sealed record ReceivedCall(
    string Method, string Target, IReadOnlyDictionary<string, string> Headers, string Body);
