using System.Net;
using System.Net.Sockets;
using Batching.Engine.Configuration;
using Batching.Server.Security.Identity;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;
using IPNetwork = System.Net.IPNetwork;

namespace Batching.Server.Connections;

/// <summary>
/// Bounds how many connections there are from one address (<c>Batch:Limits:ConnectionsPerAddress</c>), before anything is read
/// from them. Proxies that are trusted speak for many, and are not counted. Thread-safe.
/// </summary>
internal sealed class AddressConnections(
    IOptions<BatchEngineOptions> options,
    IOptions<ForwardedHeadersOptions> proxies,
    IOptions<IdentityOptions> identity,
    ILogger<AddressConnections> logger)
{
    // Whoever has one IPv6 address has the 2^64 of its network (RFC 6177).
    private const int NetworkBytes = 8;

    private readonly int _limit = options.Value.Limits.ConnectionsPerAddress;
    private readonly IPNetwork[] _trusted =
    [
        .. proxies.Value.KnownIPNetworks, .. identity.Value.TrustedNetworks.Select(network => IPNetwork.Parse(network)),
    ];

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, int> _open = [];

    /// <summary>Closes connections that are too many, and lets the others through.</summary>
    public ConnectionDelegate Bound(ConnectionDelegate next) => connection =>
        Find(connection.RemoteEndPoint) is { } address ? ServeAsync(connection, address, next) : next(connection);

    private async Task ServeAsync(ConnectionContext connection, IPAddress address, ConnectionDelegate next)
    {
        try
        {
            if (Enter(address) <= _limit)
            {
                await next(connection);
            }
            else
            {
                AddressConnectionsLog.Refused(logger, address, _limit);
                connection.Abort();
            }
        }
        finally
        {
            Leave(address);
        }
    }

    // Null for who is not counted: a Unix socket has no address.
    private IPAddress? Find(EndPoint? remote)
    {
        if (remote is not IPEndPoint { Address: var address })
        {
            return null;
        }

        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return _trusted.Any(network => network.Contains(address)) ? null
            : address.AddressFamily == AddressFamily.InterNetworkV6 ? ToNetwork(address)
            : address;
    }

    private static IPAddress ToNetwork(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(NetworkBytes).Clear();
        return new IPAddress(bytes);
    }

    private int Enter(IPAddress address)
    {
        lock (_lock)
        {
            _open.TryGetValue(address, out var before);
            return _open[address] = before + 1;
        }
    }

    private void Leave(IPAddress address)
    {
        lock (_lock)
        {
            // Who has none leaves nothing behind.
            if (--_open[address] is var left && left == 0)
            {
                _open.Remove(address);
            }
        }
    }
}
