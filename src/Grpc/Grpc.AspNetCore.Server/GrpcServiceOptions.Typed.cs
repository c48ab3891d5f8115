namespace Grpc.AspNetCore.Server;

/// <summary>How one service is served: what is set here goes before what is set for all.</summary>
/// <typeparam name="TService">The service class.</typeparam>
public class GrpcServiceOptions<TService> : GrpcServiceOptions
    where TService : class
{
}
