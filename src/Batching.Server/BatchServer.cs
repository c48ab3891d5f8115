using System.Text;
using Batching.Engine.Configuration;
using Batching.Engine.Hosting;
using Batching.Rest;
using Batching.Rest.Calls;
using Batching.Rest.Dialects;
using Batching.Server.Configuration;
using Batching.Server.Connections;
using Batching.Server.Pages;
using Batching.Server.Security;
using Batching.Server.Security.Browser;
using Batching.Server.Security.Identity;
using Batching.Server.Security.Operations;
using Batching.Server.Security.Secrets;
using Batching.Server.Security.Tls;
using Batching.Server.Services;
using Batching.Server.Telemetry;
using Batching.SharedPort;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace Batching.Server;

/// <summary>Puts the service together.</summary>
internal static class BatchServer
{
    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(8);

    /// <summary>Builds the service, ready to be run.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="configure">Changes what whoever runs the service wants otherwise, such as where it logs to.</param>
    /// <exception cref="OptionsValidationException">The configuration is wrong; names each key.</exception>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = BatchConfiguration.CreateBuilder(args);
        configure?.Invoke(builder);
        return Build(builder);
    }

    /// <summary>Builds the service of a configuration that is read.</summary>
    /// <exception cref="OptionsValidationException">The configuration is wrong; names each key.</exception>
    public static WebApplication Build(WebApplicationBuilder builder)
    {
        ConfigurationCheck.Check(builder.Configuration);
        builder.Configuration.CheckStore();
        var usesSample = builder.Environment.IsDevelopment() && !builder.Configuration.HasUpstream();
        var urls = builder.Configuration.GetUrls();
        var operations = builder.Configuration.GetOperations(urls);
        var dialects = builder.Configuration.GetDialects();
        var telemetry = TelemetrySettings.Read(builder.Configuration, operations);

        builder.WebHost.UseUrls(string.IsNullOrEmpty(operations.Url) ? urls : $"{urls};{operations.Url}");
        builder.WebHost.UseHttp1AndHttp2OnSharedPort(static listen =>
        {
            var services = listen.ApplicationServices;
            listen.Use(services.GetRequiredService<AddressConnections>().Bound);
            listen.Use(next => WatchedConnection.Watch(services.GetRequiredService<RecentReplies>(), next));
        });
        builder.WebHost.UseSmallSendBuffers();

        // The services read bodies themselves, each within its own limit, and RequestBodyMiddleware watches over
        // all. Who serves is nobody's business.
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.AddServerHeader = false;
            // As it is: read as UTF-8, a call with a field in Latin-1 would be a bad one. See HeaderRules.ToText.
            kestrel.RequestHeaderEncodingSelector = static _ => Encoding.Latin1;
            // Proxies say what their client called, https where they end TLS, and HAProxy says it for all of HTTP/1.1. Nothing
            // is made of it here.
            kestrel.AllowAlternateSchemes = true;

            // A proxy forgets a connection on which nothing moves; its client is told whether the other end lives.
            kestrel.Limits.Http2.KeepAlivePingDelay = PingDelay;
        });

        // Of each address: where operators have one of their own, a crowd elsewhere does not keep them out.
        builder.Services.AddOptions<KestrelServerOptions>().Configure<IOptions<BatchEngineOptions>>(
            static (kestrel, engine) => kestrel.Limits.MaxConcurrentConnections = engine.Value.Limits.Connections);

        // A stop ends within ten seconds: calls first, then requests in flight, then the last commit.
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = StopTime);

        builder.Services
            .AddBatchOptions(builder.Configuration)
            .AddBatchStore(builder.Configuration)
            .AddBatchEngine()
            .AddSingleton<AddressConnections>()
            .AddSingleton<StopPatience>()
            .AddSingleton<RecentReplies>()
            .AddSecurity(builder.Configuration)
            .AddTrustedProxies(builder.Configuration)
            .AddResponseCompression(compression =>
            {
                compression.EnableForHttps = true;
                compression.MimeTypes =
                    [.. ResponseCompressionDefaults.MimeTypes, "application/x-ndjson", "text/event-stream"];
            })
            .AddTelemetry(telemetry)
            .AddConsoleJson(builder.Configuration)
            .AddRpcs(hasOperators: !string.IsNullOrEmpty(operations.Url))
            .AddDialects(dialects)
            .AddServingCheck();
        if (usesSample)
        {
            builder.Services.AddSampleUpstream();
        }

        var app = builder.Build();
        app.WarnOfAddressesWithoutTls(urls);
        if (app.Environment.FindUnreadSettings() is { } unread)
        {
            ConfigurationLog.SettingsNotRead(app.Logger, unread, app.Environment.ContentRootPath);
        }

        app.CheckDialects(dialects);
        app.UseDialects(dialects);
        app.UseOperationsPort(operations);
        app.UseMiddleware<ReaderStallMiddleware>();
        app.UseMiddleware<RequestBodyMiddleware>();
        app.UseMiddleware<DeliveryMiddleware>();
        app.UseUnroutedReplies();
        app.Use(UrlLimit.CheckAsync);
        app.UseResponseCompression();
        app.UseBrowserProtection();
        app.UseGrpcWeb(new GrpcWebOptions { DefaultEnabled = true });
        app.Use(GrpcStatusCheck.CheckAsync);
        app.UseMiddleware<StandbyMiddleware>();
        app.UseCallerIdentification();
        // Behind what looks at the address of the connection itself.
        app.UseForwardedHeaders();
        app.Use(MessageFrameReader.CheckAsync);
        app.UseRest();
        foreach (var endpoints in app.MapRpcs().Concat(app.MapDialects(dialects)))
        {
            endpoints.AsBatchEndpoint();
        }

        app.MapWebPages(builder.Configuration.HasPage());
        if (!string.IsNullOrEmpty(operations.Url))
        {
            var forOperators = app.MapOperations();
            forOperators.AsOperations();
            forOperators.AsOperatorEndpoint();
        }

        if (operations.Reflection)
        {
            app.MapGrpcReflectionService().AsOperations();
        }

        if (operations.Health)
        {
            app.MapServingCheck();
        }

        app.MapTelemetry(telemetry);
        if (usesSample)
        {
            app.MapSampleUpstream();
        }

        return app;
    }
}
