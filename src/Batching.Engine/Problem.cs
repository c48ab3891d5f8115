namespace Batching.Engine;

/// <summary>One thing that is wrong with what a caller gave.</summary>
/// <param name="Field">Where, as a path into the request message: <c>requests[3].path</c>.</param>
/// <param name="Message">What, as a sentence without its subject: "is required".</param>
public sealed record Problem(string Field, string Message);
