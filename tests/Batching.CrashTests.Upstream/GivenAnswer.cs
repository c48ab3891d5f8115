namespace Batching.CrashTests.Upstream;

/// <summary>An answer of the upstream. In the journal before it is written; it may not have arrived.</summary>
/// <param name="Number">The call.</param>
/// <param name="Token">The request.</param>
/// <param name="Status">The status code.</param>
/// <param name="Size">Bytes of the body.</param>
/// <param name="Hash">The <see cref="BodyHash"/> of the body.</param>
/// <param name="IsCut">The connection was broken before the answer was complete.</param>
public sealed record GivenAnswer(long Number, string Token, int Status, long Size, string Hash, bool IsCut);
