namespace Batching.Engine.Configuration;

/// <summary>
/// Marks an option that bounds bytes in memory over all callers, whatever they do. Their sum is what the gateway may hold;
/// <c>docs/operations.md</c> has it.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class MemoryBudgetAttribute : Attribute;
