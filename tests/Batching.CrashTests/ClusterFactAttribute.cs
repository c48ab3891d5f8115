using Batching.Testing;

namespace Batching.CrashTests;

/// <summary>A test of several servers on one PostgreSQL that takes long: it runs where <c>BATCH_CRASH_CLUSTER_KILLS</c> says how often.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ClusterFactAttribute : FactAttribute
{
    public ClusterFactAttribute() => Skip = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("BATCH_CRASH_CLUSTER_KILLS"))
        ? "runs where BATCH_CRASH_CLUSTER_KILLS is set"
        : PostgresServer.WhySkip;
}
