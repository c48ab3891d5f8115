using System.Net;
using Grpc.AspNetCore.JsonTranscoding;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Grpc.JsonTranscoding.Tests.Infrastructure;

/// <summary>The test services on Kestrel, on a port for each HTTP version.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient[] _clients;

    private TestServer(WebApplication app, ErrorLog log)
    {
        _app = app;
        Log = log;
        Addresses = [.. app.Services.GetRequiredService<IServer>()
            .Features.Get<IServerAddressesFeature>()!.Addresses.Select(a => new Uri(a))];
        _clients =
        [
            new HttpClient { BaseAddress = Addresses[0] },
            new HttpClient
            {
                BaseAddress = Addresses[1],
                DefaultRequestVersion = HttpVersion.Version20,
                DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            },
        ];
    }

    /// <summary>HTTP/1.1 first, HTTP/2 second.</summary>
    public IReadOnlyList<Uri> Addresses { get; }

    public ErrorLog Log { get; }

    public CallProbe Probe => _app.Services.GetRequiredService<CallProbe>();

    public HttpClient Http1 => _clients[0];

    public HttpClient Http2 => _clients[1];

    public static async Task<TestServer> StartAsync(
        Action<JsonTranscodingOptions>? transcoding = null,
        Action<GrpcServiceOptions>? grpc = null,
        Action<IServiceCollection>? services = null,
        Action<WebApplication>? map = null)
    {
        var log = new ErrorLog();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(log);
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
            options.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        builder.Services.AddSingleton<CallProbe>();
        builder.Services.AddGrpc(grpc ?? (_ => { })).AddJsonTranscoding(transcoding ?? (_ => { }));
        services?.Invoke(builder.Services);
        var app = builder.Build();
        if (map is null)
        {
            app.MapGrpcService<BindingService>();
            app.MapGrpcService<EchoService>();
            app.MapGrpcService<DialectedService>();
        }
        else
        {
            map(app);
        }

        await app.StartAsync();
        return new TestServer(app, log);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
        {
            client.Dispose();
        }

        await _app.DisposeAsync();
    }
}
