using Grpc.AspNetCore.SharedPort.Internal;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Microsoft.AspNetCore.Hosting;

/// <summary>Serves HTTP/1.1 and HTTP/2 on one cleartext port.</summary>
public static class SharedPortWebHostBuilderExtensions
{
    /// <summary>
    /// Makes every <c>http://</c> URL of the server (<c>--urls</c>, <c>ASPNETCORE_URLS</c>, <c>app.Urls</c>; port 0 and
    /// <c>http://unix:</c> too) serve both HTTP/1.1 and HTTP/2 with prior knowledge (RFC 9113, section 3.3): the first
    /// bytes of a connection tell which. <c>https://</c> URLs serve both by ALPN, as Kestrel does. A connection whose
    /// first bytes don't come within Kestrel's <c>RequestHeadersTimeout</c> is closed; waiting for them holds no thread.
    /// </summary>
    /// <remarks>Endpoints of the <c>Kestrel:Endpoints</c> configuration or of <c>Listen</c> calls stay as they are.</remarks>
    /// <exception cref="InvalidOperationException">No server was added before; <c>UseKestrel</c> comes first.</exception>
    public static IWebHostBuilder UseHttp1AndHttp2OnSharedPort(this IWebHostBuilder hostBuilder)
    {
        ArgumentNullException.ThrowIfNull(hostBuilder);
        return hostBuilder.ConfigureServices(static services =>
        {
            var server = services.LastOrDefault(static descriptor => descriptor.ServiceType == typeof(IServer))
                ?? throw new InvalidOperationException("Add Kestrel with UseKestrel before the shared port.");
            services.TryAddSingleton(TimeProvider.System);
            services.AddSingleton<IConnectionListenerFactory, SharedPortListenerFactory>();
            services.Replace(ServiceDescriptor.Singleton<IServer>(provider =>
                ActivatorUtilities.CreateInstance<SharedPortServer>(provider, Create(server, provider))));
        });
    }

    private static IServer Create(ServiceDescriptor descriptor, IServiceProvider services) =>
        (IServer)(descriptor.ImplementationInstance
            ?? descriptor.ImplementationFactory?.Invoke(services)
            ?? ActivatorUtilities.CreateInstance(services, descriptor.ImplementationType!));
}
