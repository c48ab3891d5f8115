using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.Server.Internal.Shared;

/// <summary>Gives the service instance for each call.</summary>
internal sealed class ServiceInstances<TService>
    where TService : class
{
    private readonly IServiceProvider _rootServices;
    private readonly IGrpcServiceActivator<TService> _activator;
    private readonly bool _isSingleton;
    private readonly bool _needsScope;
    private TService? _singleton;

    public ServiceInstances(
        IServiceProvider rootServices,
        IGrpcServiceActivator<TService> activator,
        ServiceLifetimes lifetimes)
    {
        _rootServices = rootServices;
        _activator = activator;

        // An activator of the application's own decides for itself.
        var isOurs = activator.GetType().Assembly == typeof(IGrpcServiceActivator<>).Assembly;
        _isSingleton = isOurs && lifetimes.IsSingleton(typeof(TService));
        _needsScope = !isOurs || !lifetimes.TakesNothing(typeof(TService));
    }

    /// <summary>The one instance of a singleton service, else null.</summary>
    public TService? Singleton => _isSingleton ? _singleton ??= _rootServices.GetRequiredService<TService>() : null;

    public GrpcActivatorHandle<TService> Create(ServerCallContext context) =>
        _activator.Create(_needsScope ? context.GetHttpContext().RequestServices : _rootServices);

    public ValueTask ReleaseAsync(in GrpcActivatorHandle<TService> handle) => _activator.ReleaseAsync(handle);
}
