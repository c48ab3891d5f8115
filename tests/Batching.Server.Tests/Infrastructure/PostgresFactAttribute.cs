namespace Batching.Server.Tests.Infrastructure;

/// <summary>
/// A test that needs Debian's PostgreSQL. Without it the test is skipped with the reason; with <c>INTEROP_REQUIRED=1</c> in the
/// environment, as in CI, it runs all the same and so fails.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PostgresFactAttribute : FactAttribute
{
    public PostgresFactAttribute() => Skip = PostgresServer.WhySkip;
}
