namespace Batching.CrashTests.Checking;

/// <summary>A promise that was not kept.</summary>
/// <param name="Kind">Which one.</param>
/// <param name="Text">Where, in words.</param>
internal sealed record Violation(ViolationKind Kind, string Text);
