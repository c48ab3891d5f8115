using System.Net;
using Batching.Engine.Content;
using Batching.Rest.Calls;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace Batching.Server.Security.Browser;

/// <summary>
/// Refuses calls for hosts that the gateway does not go by (ASP.NET Core's key <c>AllowedHosts</c>). A page whose name was
/// made to lead to the gateway's address (DNS rebinding) is of the gateway's own origin for a browser: only <c>Host</c>, over
/// HTTP/2 <c>:authority</c>, tells that it is somebody else's.
/// </summary>
internal static class AllowedHosts
{
    private const string Key = "AllowedHosts";
    private const string Any = "*";

    // RFC 6761, section 6.3: browsers let no other machine have these names.
    private static readonly StringSegment[] LoopbackNames = ["localhost", "*.localhost", "127.0.0.1", "[::1]"];

    /// <summary>Reads the key: names separated by semicolons, <c>*.example.com</c> for all below one.</summary>
    /// <returns>Null if it is not set.</returns>
    /// <exception cref="OptionsValidationException">One of them is no name of a host; names the key.</exception>
    public static IList<StringSegment>? GetAllowedHosts(this IConfiguration configuration)
    {
        var names = configuration[Key]?.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (names is not { Length: > 0 })
        {
            return null;
        }

        var bad = names.Where(name => name != Any && !IsHost(name)).Select(name =>
            $"{Key} must hold names of hosts without scheme and port, such as api.example.com, *.example.com or [::1], "
            + $"separated by semicolons, or * for all, not '{name}'.").ToArray();
        return bad.Length > 0
            ? throw new OptionsValidationException(Key, typeof(HostString), bad)
            : [.. names.Select(name => new StringSegment(new HostString(name).ToUriComponent()))];
    }

    /// <summary>Refuses the calls, in the form of their path. A request without a host, as HTTP/1.0 allows, is no browser's.</summary>
    public static void UseAllowedHosts(this IApplicationBuilder app)
    {
        var configured = app.ApplicationServices.GetRequiredService<IConfiguration>().GetAllowedHosts();
        // The addresses are those that are really listened at, once anything can be asked.
        var allowed = new Lazy<IList<StringSegment>>(() =>
            configured ?? (ListensOnLoopbackOnly(app.ServerFeatures) ? LoopbackNames : [Any]));
        app.Use((context, next) => IsAllowed(context.Request.Headers.Host.ToString(), allowed.Value)
            ? next(context)
            : context.RefuseAsync(CallError.Of(
                CallErrorKinds.ForeignHost,
                $"The gateway is not called {CallerText.Quote(context.Request.Host.Host)}: {Key} does not list it.")));
    }

    private static bool IsAllowed(string host, IList<StringSegment> allowed) =>
        host.Length == 0 || allowed.Contains(Any) || HostString.MatchesAny(host, allowed);

    // No page reaches a Unix socket.
    private static bool ListensOnLoopbackOnly(Microsoft.AspNetCore.Http.Features.IFeatureCollection server)
    {
        var hosts = (server.Get<IServerAddressesFeature>()?.Addresses ?? [])
            .Select(BindingAddress.Parse)
            .Where(static address => !address.IsUnixPipe)
            .Select(static address => address.Host)
            .ToArray();
        return hosts.Length > 0 && hosts.All(static host =>
            host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address)));
    }

    private static bool IsHost(string name) =>
        Uri.CheckHostName(name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : name) is var type
        && (type is UriHostNameType.Dns or UriHostNameType.IPv4
            || (type == UriHostNameType.IPv6 && name.StartsWith('[')));
}
