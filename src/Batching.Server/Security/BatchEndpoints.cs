namespace Batching.Server.Security;

/// <summary>The endpoints of batches: they have callers, and take no calls of foreign pages.</summary>
internal static class BatchEndpoints
{
    /// <summary>Says that an endpoint is one.</summary>
    public static void AsBatchEndpoint(this IEndpointConventionBuilder builder) =>
        builder.Add(static endpoint => endpoint.Metadata.Add(new ForBatches()));

    /// <summary>Whether the call goes to one.</summary>
    public static bool IsBatchCall(this HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<ForBatches>() is not null;

    /// <summary>Says that an endpoint changes batches for operators: it has no callers, and takes no calls of foreign pages.</summary>
    public static void AsOperatorEndpoint(this IEndpointConventionBuilder builder) =>
        builder.Add(static endpoint => endpoint.Metadata.Add(new ForOperatorCalls()));

    /// <summary>Whether the call goes to one.</summary>
    public static bool IsOperatorCall(this HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<ForOperatorCalls>() is not null;

    private sealed class ForBatches;

    private sealed class ForOperatorCalls;
}
