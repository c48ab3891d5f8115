namespace Batching.Interop.Tests.Proxies;

/// <summary>A way to the gateway: through a proxy, or directly.</summary>
/// <param name="Name">Names it in messages.</param>
/// <param name="Rest">Where it is for REST.</param>
/// <param name="Grpc">Where it is for gRPC.</param>
internal sealed record Route(string Name, Endpoint Rest, Endpoint Grpc)
{
    public override string ToString() => Name;
}
