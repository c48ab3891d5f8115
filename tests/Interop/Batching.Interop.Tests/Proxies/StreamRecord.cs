namespace Batching.Interop.Tests.Proxies;

/// <summary>A record of a stream of results, whatever form it came in.</summary>
/// <param name="Position">Where the stream is with it.</param>
/// <param name="IsResult">It is a result, not a sign of life.</param>
/// <param name="IsEnd">It is the last one, of a batch that is done.</param>
internal readonly record struct StreamRecord(long Position, bool IsResult, bool IsEnd);
