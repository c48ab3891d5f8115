using Grpc.AspNetCore.JsonTranscoding;
using Grpc.AspNetCore.JsonTranscoding.Internal;
using Grpc.AspNetCore.Server;
using Grpc.AspNetCore.Server.Internal.Shared;
using Grpc.AspNetCore.Server.Model;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers JSON transcoding.</summary>
public static class JsonTranscodingServiceExtensions
{
    /// <summary>
    /// Serves the methods of gRPC services that have <c>google.api.http</c> rules as JSON over HTTP, too.
    /// </summary>
    public static IGrpcServerBuilder AddJsonTranscoding(this IGrpcServerBuilder grpcBuilder)
    {
        ArgumentNullException.ThrowIfNull(grpcBuilder);
        var services = grpcBuilder.Services;
        services.TryAddSingleton<TranscodingServer>();
        services.TryAddSingleton(new ServiceLifetimes(services));
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddEnumerable(ServiceDescriptor.Singleton(
            typeof(IServiceMethodProvider<>), typeof(JsonTranscodingMethodProvider<>)));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IStartupFilter, UnroutedReplyFilter>());
        return grpcBuilder;
    }

    /// <inheritdoc cref="AddJsonTranscoding(IGrpcServerBuilder)"/>
    /// <param name="grpcBuilder">The gRPC server.</param>
    /// <param name="configure">Sets the options.</param>
    public static IGrpcServerBuilder AddJsonTranscoding(
        this IGrpcServerBuilder grpcBuilder, Action<JsonTranscodingOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(grpcBuilder);
        ArgumentNullException.ThrowIfNull(configure);
        grpcBuilder.Services.Configure(configure);
        return grpcBuilder.AddJsonTranscoding();
    }
}
