namespace Batching.Engine.Model;

/// <summary>The key by which a submission that is made again is recognised, with what was submitted.</summary>
/// <param name="Text">The key that the caller chose. One owner has one batch with it at most.</param>
/// <param name="ContentHash">The hash of what was submitted, in base64: the same for the same content.</param>
public sealed record SubmissionKey(string Text, string ContentHash);
