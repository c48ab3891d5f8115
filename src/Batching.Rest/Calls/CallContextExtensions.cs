using System.Net;
using System.Net.Sockets;
using Batching.Engine.Model;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;

namespace Batching.Rest.Calls;

/// <summary>What the services need to know of the HTTP request behind a call.</summary>
internal static class CallContextExtensions
{
    /// <summary>Who calls.</summary>
    public static Caller GetCaller(this ServerCallContext context) =>
        context.GetHttpContext().Features.GetRequiredFeature<Caller>();

    /// <summary>Who calls, and from where.</summary>
    public static Caller GetCallerWithClient(this ServerCallContext context) =>
        context.GetCaller() with { Client = context.GetClient() };

    /// <summary>
    /// Where the call comes from. Of a call through a proxy that is trusted, that is the proxy's client.
    /// </summary>
    private static ClientInfo GetClient(this ServerCallContext context)
    {
        var http = context.GetHttpContext();
        var address = http.Connection.RemoteIpAddress;
        if (address is { IsIPv4MappedToIPv6: true })
        {
            address = address.MapToIPv4();
        }
        else if (address is { AddressFamily: AddressFamily.InterNetworkV6, ScopeId: > 0 })
        {
            // The scope means something on this machine only.
            address = new IPAddress(address.GetAddressBytes());
        }

        return new ClientInfo(address?.ToString(), http.Request.Headers.TraceParent);
    }
}
