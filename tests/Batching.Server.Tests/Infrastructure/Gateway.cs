using Batching.V1;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Batching.Server.Tests.Infrastructure;

/// <summary>
/// The whole server in this process, on a port of its own choice and with an empty data directory. It must not have
/// logged any error when it is disposed.
/// </summary>
public sealed class Gateway : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly WebApplication _app;
    private readonly GrpcChannel _channel;

    private Gateway(
        string upstream,
        IEnumerable<string> settings,
        bool isDevelopment,
        LogLevel level = LogLevel.Debug,
        IStartupFilter? filter = null)
    {
        string[] args =
        [
            $"--environment={(isDevelopment ? "Development" : "Production")}",
            "--urls=http://127.0.0.1:0",
            $"--Batch:DataDirectory={DataDirectory}",
            .. upstream.Length > 0 ? [$"--Batch:Upstream={upstream}"] : Array.Empty<string>(),
            .. settings,
        ];
        Logs = new LogRecorder(level);
        _app = BatchServer.Build(args, builder =>
        {
            if (filter is not null)
            {
                builder.Services.AddSingleton(filter);
            }

            builder.Logging.ClearProviders();
            builder.Logging.AddProvider(Logs);
            if (level == LogLevel.Trace)
            {
                builder.Logging.AddFilter<LogRecorder>(null, LogLevel.Trace);
                return;
            }

            // What the service configures for the rest is part of what is tested.
            builder.Logging.AddFilter<LogRecorder>("Batching", level);
            builder.Logging.AddFilter<LogRecorder>("Grpc", level);
        });
        _app.Start();
        Rest = new RestClient(Address);
        _channel = GrpcChannel.ForAddress(Address);
        Grpc = new BatchService.BatchServiceClient(_channel);
    }

    public string Address => _app.Urls.First();

    /// <summary>All addresses, where there are several.</summary>
    public IReadOnlyCollection<string> Addresses => [.. _app.Urls];

    public string DataDirectory => Path.Combine(_directory.FullName, "data");

    public LogRecorder Logs { get; }

    /// <summary>Whether errors in the log belong to the test.</summary>
    public bool ErrorsAreExpected { get; set; }

    /// <summary>A caller without credential.</summary>
    public RestClient Rest { get; }

    public BatchService.BatchServiceClient Grpc { get; }

    /// <summary>Starts a gateway in front of an API.</summary>
    public static Task<Gateway> StartAsync(TestApi api, params string[] settings) =>
        Task.Run(() => new Gateway(api.Address, settings, isDevelopment: false));

    /// <summary>Starts a gateway in front of whatever is at an address; nothing if that is empty.</summary>
    public static Task<Gateway> StartAsync(string upstream, params string[] settings) =>
        Task.Run(() => new Gateway(upstream, settings, isDevelopment: false));

    /// <summary>Starts a gateway with something of the test's own before it.</summary>
    public static Task<Gateway> StartBehindAsync(IStartupFilter filter, TestApi api) =>
        Task.Run(() => new Gateway(api.Address, [], isDevelopment: false, filter: filter));

    /// <summary>Starts a gateway that logs all there is.</summary>
    public static Task<Gateway> StartLoggingAllAsync(TestApi api, params string[] settings) =>
        Task.Run(() => new Gateway(api.Address, settings, isDevelopment: false, LogLevel.Trace));

    /// <summary>Starts a gateway that logs nothing but what went wrong, for very many calls.</summary>
    public static Task<Gateway> StartQuietAsync(string upstream, params string[] settings) =>
        Task.Run(() => new Gateway(upstream, [.. settings, "--Logging:LogLevel:Default=Error"], isDevelopment: false, LogLevel.Error));

    /// <summary>Starts a gateway as somebody does who tries it: in Development, without any API.</summary>
    public static Task<Gateway> StartForTrialAsync() => Task.Run(() => new Gateway("", [], isDevelopment: true));

    /// <summary>A caller with a credential.</summary>
    public RestClient RestAs(string authorization) => new(Address, authorization);

    /// <summary>Tells the gateway that it is about to stop, and lets it serve on: the moment that a test needs longer.</summary>
    public void AnnounceStop() => _app.Lifetime.StopApplication();

    /// <summary>A part of the gateway.</summary>
    internal T Get<T>()
        where T : notnull =>
        _app.Services.GetRequiredService<T>();

    /// <summary>Fails if there are any batches of callers without credential.</summary>
    public async Task AssertNothingStoredAsync() =>
        Assert.Equal(
            """{"Batches":[],"statusCode":200}""", (await Rest.GetAsync(RestClient.BatchPath)).Success().Text);

    public async ValueTask DisposeAsync()
    {
        Rest.Dispose();
        _channel.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _directory.Dispose();
        Assert.True(ErrorsAreExpected || !Logs.Errors.Any(), string.Join('\n', Logs.Errors));
    }
}
