namespace Batching.Interop.Tests;

/// <summary>The same as <see cref="InteropFactAttribute"/>, for a theory.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class InteropTheoryAttribute : TheoryAttribute
{
    public InteropTheoryAttribute(params Tool[] needed) => Skip = Tools.WhySkip(needed);
}
