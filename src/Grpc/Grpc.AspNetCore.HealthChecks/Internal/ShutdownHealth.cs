using Grpc.HealthCheck;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Grpc.AspNetCore.HealthChecks.Internal;

/// <summary>Tells the watchers the moment the server begins to stop, before connections are drained.</summary>
internal sealed class ShutdownHealth(
    HealthServiceImpl health,
    IHostApplicationLifetime lifetime,
    IOptions<GrpcHealthChecksOptions> options) : IHostedService, IDisposable
{
    private CancellationTokenRegistration _registration;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _registration = lifetime.ApplicationStopping.Register(() =>
            health.Board.Stop(
                options.Value.Services.Select(service => service.Name),
                completeWatches: !options.Value.SuppressCompletionOnShutdown));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _registration.Dispose();
}
