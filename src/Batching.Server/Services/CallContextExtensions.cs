using System.Net;
using System.Net.Sockets;
using Batching.Engine;
using Grpc.Core;

namespace Batching.Server.Services;

/// <summary>What the services need to know of the HTTP request behind a call.</summary>
internal static class CallContextExtensions
{
    private static readonly Dictionary<int, Problem> NoProblems = [];

    /// <summary>Problems that were found when the request was read from JSON.</summary>
    public static IReadOnlyList<Problem> GetKnownProblems(this ServerCallContext context) =>
        context.GetHttpContext().Features.Get<IReadOnlyList<Problem>>() ?? [];

    /// <summary>Problems of single calls that were found when the request was read from JSON, by index.</summary>
    public static IReadOnlyDictionary<int, Problem> GetKnownCallProblems(this ServerCallContext context) =>
        context.GetHttpContext().Features.Get<IReadOnlyDictionary<int, Problem>>() ?? NoProblems;

    /// <summary>
    /// Where the call comes from. Of a call through a proxy that is trusted, that is the proxy's client.
    /// </summary>
    public static CallOrigin GetOrigin(this ServerCallContext context)
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

        return new CallOrigin(address?.ToString(), http.Request.Headers.TraceParent);
    }

    /// <summary>
    /// Calls back when the reply has ended: true if it was completely written and its connection had not broken. The
    /// reply to a HEAD carries nothing, however completely it was written.
    /// </summary>
    public static void OnReplied(this ServerCallContext context, Action<bool> callback)
    {
        var http = context.GetHttpContext();
        var reply = new DeliveringReply(context.CancellationToken);
        http.Features.Set(reply);
        http.Response.OnCompleted(() =>
        {
            callback(reply.IsWritten && !HttpMethods.IsHead(http.Request.Method));
            return Task.CompletedTask;
        });
    }
}
