using System.Net;
using System.Net.Sockets;
using Batching.Engine.Configuration;

namespace Batching.Engine.Webhooks;

/// <summary>Tells addresses of the internet from those that mean something else to each network, or to no one.</summary>
internal static class PublicAddresses
{
    // The special-purpose registries of IANA (RFC 6890) and multicast (RFC 5771, RFC 4291).
    private static readonly IPNetwork[] Others =
    [
        .. ((string[])
        [
            "0.0.0.0/8",       // this network
            "10.0.0.0/8",      // private
            "100.64.0.0/10",   // shared by carriers
            "127.0.0.0/8",     // loopback
            "169.254.0.0/16",  // link-local, with the metadata of clouds
            "172.16.0.0/12",   // private
            "192.0.0.0/24",    // protocols
            "192.0.2.0/24",    // documentation
            "192.88.99.0/24",  // relays of 6to4
            "192.168.0.0/16",  // private
            "198.18.0.0/15",   // benchmarks
            "198.51.100.0/24", // documentation
            "203.0.113.0/24",  // documentation
            "224.0.0.0/4",     // multicast
            "240.0.0.0/4",     // reserved, broadcast
        ]).Select(network => IPNetwork.Parse(network)),
    ];

    // Of IPv6 only this is of the internet, and of it not these; what carries an IPv4 address is looked at as that.
    private static readonly IPNetwork Global = IPNetwork.Parse("2000::/3");

    private static readonly IPNetwork[] NotGlobal =
    [
        .. ((string[])
        [
            "2001::/23",     // protocols, with Teredo
            "2001:db8::/32", // documentation
            "3fff::/20",     // documentation
        ]).Select(network => IPNetwork.Parse(network)),
    ];

    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");
    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");

    /// <summary>The key of the option that allows all addresses.</summary>
    public static string OptionName { get; } = OptionKey.Of<WebhookOptions>(nameof(WebhookOptions.AllowPrivateAddresses));

    /// <summary>Whether an address is one of the internet.</summary>
    public static bool Contains(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            return !Others.Any(network => network.Contains(address));
        }

        // What ends there is an IPv4 host (RFC 4291, section 2.5.5.2; RFC 3056; RFC 6052).
        var bytes = address.GetAddressBytes();
        return address.IsIPv4MappedToIPv6 ? Contains(address.MapToIPv4())
            : SixToFour.Contains(address) ? Contains(new IPAddress(bytes.AsSpan(2, 4)))
            : Nat64.Contains(address) ? Contains(new IPAddress(bytes.AsSpan(12, 4)))
            : Global.Contains(address) && !NotGlobal.Any(network => network.Contains(address));
    }
}
