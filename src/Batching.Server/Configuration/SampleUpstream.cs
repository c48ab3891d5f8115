using System.Net;
using System.Net.Sockets;
using Batching.Engine.Configuration;
using Batching.SampleApi;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Batching.Server.Configuration;

/// <summary>
/// Makes the sample API the upstream, for a first try without any API: it is served by this very server, whose address
/// is known only once it listens.
/// </summary>
internal static class SampleUpstream
{
    private const string Prefix = "/sample";

    public static IServiceCollection AddSampleUpstream(this IServiceCollection services)
    {
        // The server is made with these options: it can only be asked for once it is there.
        services.AddOptions<BatchEngineOptions>().Configure<IServiceProvider>((options, provider) => options.Upstreams.Add(
            new UpstreamOptions
            {
                Prefix = Prefix,
                BaseAddress = new Uri("http://localhost"),
                ConnectCallback = (_, cancellationToken) =>
                    ConnectAsync(provider.GetRequiredService<IServer>(), cancellationToken),
            }));
        return services;
    }

    public static void MapSampleUpstream(this IEndpointRouteBuilder endpoints) => endpoints.MapSampleApi(Prefix);

    private static async ValueTask<Stream> ConnectAsync(IServer server, CancellationToken cancellationToken)
    {
        var address = server.Features.Get<IServerAddressesFeature>()?.Addresses
            .Select(BindingAddress.Parse)
            .FirstOrDefault(address => address.Scheme == "http" && !address.IsUnixPipe)
            ?? throw new HttpRequestException(
                HttpRequestError.ConnectionError, "The server listens on no http address that its sample API could be called at.");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            // A server that listens on an address of its own choice is called there, any other one on the loopback.
            await (IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip) && !ip.Equals(IPAddress.Any) && !ip.Equals(IPAddress.IPv6Any)
                ? socket.ConnectAsync(ip, address.Port, cancellationToken)
                : socket.ConnectAsync("localhost", address.Port, cancellationToken));
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
