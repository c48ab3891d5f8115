using System.Net;
using Batching.Engine.Configuration;
using Batching.Server.Configuration;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;

namespace Batching.Server.Security;

/// <summary>
/// Believes the proxies that are configured, and nobody else, who their client is: what they say in
/// <c>X-Forwarded-For</c> counts as the address that a call comes from. Nothing else that they forward is read.
/// </summary>
internal static class TrustedProxies
{
    private const string Key = "TrustedProxies";

    /// <summary>Reads the section <c>Batch:TrustedProxies</c>: a list of addresses and networks.</summary>
    /// <exception cref="OptionsValidationException">One of them is neither.</exception>
    public static IServiceCollection AddTrustedProxies(this IServiceCollection services, IConfiguration configuration)
    {
        var networks = GetNetworks(configuration).ToArray();
        return services.Configure<ForwardedHeadersOptions>(options =>
        {
            options.ForwardedHeaders = networks.Length > 0 ? ForwardedHeaders.XForwardedFor : ForwardedHeaders.None;
            options.ForwardLimit = null;
            options.KnownProxies.Clear();
            options.KnownIPNetworks.Clear();
            foreach (var network in networks)
            {
                options.KnownIPNetworks.Add(network);
            }
        });
    }

    private static IEnumerable<System.Net.IPNetwork> GetNetworks(IConfiguration configuration)
    {
        foreach (var entry in configuration.GetSection(OptionKey.Section).GetSection(Key).GetChildren())
        {
            if (System.Net.IPNetwork.TryParse(entry.Value, out var network))
            {
                yield return network;
            }
            else if (IPAddress.TryParse(entry.Value, out var address))
            {
                yield return new System.Net.IPNetwork(address, 8 * address.GetAddressBytes().Length);
            }
            else
            {
                throw new OptionsValidationException(
                    Key,
                    typeof(ForwardedHeadersOptions),
                    [$"{entry.Path} must be an address or a network such as 10.1.0.0/16, not '{entry.Value}'."]);
            }
        }
    }
}
