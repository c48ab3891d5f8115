namespace Batching.Interop.Tests;

/// <summary>
/// A test that needs something beside the .NET SDK. Without it the test is skipped with the reason;
/// with <c>INTEROP_REQUIRED=1</c> in the environment, as in CI, it runs all the same and so fails.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class InteropFactAttribute : FactAttribute
{
    public InteropFactAttribute(params Tool[] needed) => Skip = Tools.WhySkip(needed);
}
