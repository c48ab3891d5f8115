namespace Batching.Page.Tests.Infrastructure;

/// <summary>
/// A test that needs Debian's Chromium. Without it the test is skipped with the reason; with <c>INTEROP_REQUIRED=1</c> in the
/// environment, as in CI, it runs all the same and so fails.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ChromiumFactAttribute : FactAttribute
{
    public ChromiumFactAttribute() => Skip = Chromium.WhySkip;
}
