namespace Batching.Page.Tests.Infrastructure;

/// <summary>The same as <see cref="ChromiumFactAttribute"/>, for a theory.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ChromiumTheoryAttribute : TheoryAttribute
{
    public ChromiumTheoryAttribute() => Skip = Chromium.WhySkip;
}
