namespace Grpc.AspNetCore.Server.Model;

/// <summary>Finds methods of a service class when it is mapped. Several providers may add endpoints for one class.</summary>
public interface IServiceMethodProvider<TService>
    where TService : class
{
    /// <summary>Called once for each mapping.</summary>
    void OnServiceMethodDiscovery(ServiceMethodProviderContext<TService> context);
}
