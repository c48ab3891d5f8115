namespace Grpc.Tests.Interop;

/// <summary>
/// A test that needs a program beside the .NET SDK. Without it the test is skipped with the reason; with
/// <c>INTEROP_REQUIRED=1</c> in the environment, as in CI, it runs all the same and so fails.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class InteropFactAttribute : FactAttribute
{
    public InteropFactAttribute(InteropTool tool)
    {
        if (Environment.GetEnvironmentVariable("INTEROP_REQUIRED") != "1")
        {
            Skip = InteropTools.WhyMissing(tool);
        }
    }
}
