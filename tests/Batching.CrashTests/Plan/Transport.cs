namespace Batching.CrashTests.Plan;

/// <summary>How a client speaks to the gateway.</summary>
internal enum Transport
{
    Grpc,
    Rest,
}
