namespace Batching.Client;

/// <summary>Something that is wrong with a submission.</summary>
/// <param name="Field">The field by its name in the contract, such as <c>requests[3].path</c>.</param>
/// <param name="Message">A sentence without its subject, such as <c>must not be empty</c>.</param>
public readonly record struct BatchProblem(string Field, string Message);
