using Batching.V1;

namespace Batching.Engine.Delivery;

/// <summary>A record of a <see cref="ResultFeed"/>.</summary>
/// <param name="Message">The record. It holds only until the next one is read, for which the same message is used.</param>
/// <param name="MoreAtHand">Others come right behind it, so that it needn't be flushed.</param>
public readonly record struct ResultRecord(FetchResultsResponse Message, bool MoreAtHand);
