namespace Batching.Engine.Webhooks;

/// <summary>A receiver may not be connected to. The message is for the owner.</summary>
internal sealed class ReceiverRefusedException(string message) : IOException(message);
