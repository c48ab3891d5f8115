using System.Net;
using Grpc.AspNetCore.Server;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Grpc.Tests.Infrastructure;

/// <summary>A server on a free port of 127.0.0.1. Its disposal fails the test if the server logged an unexpected error.</summary>
public sealed class GrpcTestServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly LogRecorder _logs;
    private GrpcChannel? _channel;

    private GrpcTestServer(WebApplication app, LogRecorder logs)
    {
        _app = app;
        _logs = logs;
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
    }

    public Uri Address { get; }

    public CallProbe Probe => Services.GetRequiredService<CallProbe>();

    public IServiceProvider Services => _app.Services;

    /// <summary>Set by a test that provokes an error on purpose.</summary>
    public bool ExpectErrors { get; set; }

    public IReadOnlyCollection<LogRecorder.Entry> Logs => _logs.Entries;

    public static Task<GrpcTestServer> StartAsync(
        Action<GrpcServiceOptions>? options = null,
        Action<WebApplicationBuilder>? configure = null,
        Action<WebApplication>? map = null,
        HttpProtocols protocols = HttpProtocols.Http2) => StartAsync<EchoService>(options, configure, map, protocols);

    public static async Task<GrpcTestServer> StartAsync<TService>(
        Action<GrpcServiceOptions>? options = null,
        Action<WebApplicationBuilder>? configure = null,
        Action<WebApplication>? map = null,
        HttpProtocols protocols = HttpProtocols.Http2)
        where TService : class
    {
        var logs = new LogRecorder();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(logs).SetMinimumLevel(LogLevel.Debug);
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = protocols));
        builder.Services.AddSingleton<CallProbe>();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddGrpc(options ?? (static _ => { }));
        builder.Services.AddGrpcReflection();
        builder.Services.AddGrpcHealthChecks();
        configure?.Invoke(builder);
        var app = builder.Build();
        map?.Invoke(app);
        app.MapGrpcService<TService>();
        app.MapGrpcReflectionService();
        app.MapGrpcHealthChecksService();
        await app.StartAsync();
        return new GrpcTestServer(app, logs);
    }

    /// <summary>A client of the echo service, on a channel that ends with the server.</summary>
    public Echo.EchoService.EchoServiceClient Client => new(Channel);

    public GrpcChannel Channel => _channel ??= GrpcChannel.ForAddress(Address);

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        _channel?.Dispose();
        await _app.DisposeAsync();
        var errors = _logs.Entries.Where(static entry => entry.Level >= LogLevel.Error).ToList();
        if (!ExpectErrors && errors.Count > 0)
        {
            Assert.Fail("The server logged errors:\n" + string.Join('\n', errors));
        }
    }
}
