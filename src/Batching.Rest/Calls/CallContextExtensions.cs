using System.Net;
using System.Net.Sockets;
using Batching.Engine.Model;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;

namespace Batching.Rest.Calls;

/// <summary>Facts about the HTTP request behind a call that the services need.</summary>
internal static class CallContextExtensions
{
    /// <summary>The caller: the owner for whom the call is made.</summary>
    public static Caller GetCaller(this ServerCallContext context) =>
        context.GetHttpContext().Features.GetRequiredFeature<Caller>();

    /// <summary>The caller, with the origin of the call.</summary>
    public static Caller GetCallerWithClient(this ServerCallContext context) =>
        context.GetCaller() with { Client = context.GetClient() };

    /// <summary>
    /// The origin of the call. Of a call through a proxy that is trusted, that is the proxy's client.
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
