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

    private sealed class ForBatches;
}
