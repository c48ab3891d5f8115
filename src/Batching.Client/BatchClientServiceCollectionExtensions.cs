using Batching.Client;
using Batching.Client.Internal;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the client to services.</summary>
public static class BatchClientServiceCollectionExtensions
{
    // A channel that balances loads would else leave a gateway alone for up to two minutes after it could not connect to it.
    private static readonly TimeSpan MaxReconnectBackoff = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Adds <see cref="BatchClient"/>, on a client of <c>Grpc.Net.ClientFactory</c>. The clock is the <see cref="TimeProvider"/> among
    /// the services, if there is one.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets <see cref="BatchClientOptions"/>, such as the address.</param>
    /// <returns>A builder for handlers, interceptors, the channel and credentials.</returns>
    /// <exception cref="ArgumentException">A setting is out of bounds: thrown when the client is asked for.</exception>
    public static IHttpClientBuilder AddBatchClient(this IServiceCollection services, Action<BatchClientOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var options = services.AddOptions<BatchClientOptions>();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        services.TryAddTransient(static provider => new BatchClient(
            provider.GetRequiredService<Connection>().With(
                provider.GetRequiredService<IOptions<BatchClientOptions>>().Value,
                provider.GetService<TimeProvider>() ?? TimeProvider.System)));
        return services
            .AddGrpcClient<Connection>(static (provider, client) =>
                client.Address = provider.GetRequiredService<IOptions<BatchClientOptions>>().Value.Address)
            .ConfigureChannel(static channel => channel.MaxReconnectBackoff = MaxReconnectBackoff)
            .ConfigurePrimaryHttpMessageHandler(static () => BatchHttpHandler.Create());
    }
}
