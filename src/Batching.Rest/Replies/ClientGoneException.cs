namespace Batching.Rest.Replies;

/// <summary>
/// The client has gone while a reply was written. The server says so to who writes a moment before it says so to the call.
/// </summary>
internal sealed class ClientGoneException() : OperationCanceledException("The client has gone.");
