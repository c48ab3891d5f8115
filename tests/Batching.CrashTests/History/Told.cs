namespace Batching.CrashTests.History;

/// <summary>A message of a webhook, as its receiver has got it.</summary>
/// <param name="MessageId">The id of the message, which is the same each time that it comes.</param>
/// <param name="BatchId">The batch.</param>
/// <param name="Event"><c>batch.done</c> or another one.</param>
/// <param name="Total">How many requests the batch had.</param>
/// <param name="Running">How many of them had no result.</param>
/// <param name="Failed">How many had failed.</param>
internal sealed record Told(string MessageId, string BatchId, string Event, long Total, long Running, long Failed);
