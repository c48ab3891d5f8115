using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.Server;

/// <summary>Adds to the gRPC server.</summary>
public interface IGrpcServerBuilder
{
    /// <summary>The services that the server is configured in.</summary>
    IServiceCollection Services { get; }
}
