using Grpc.Core;
using Grpc.Health.V1;
using Grpc.HealthCheck;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Grpc.AspNetCore.HealthChecks.Internal;

/// <summary>The health service over the application's health checks.</summary>
internal sealed class HealthServiceIntegration(
    HealthServiceImpl health,
    HealthCheckService checks,
    IHostApplicationLifetime lifetime,
    IOptions<GrpcHealthChecksOptions> options) : Health.V1.Health.HealthBase
{
    public override async Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context)
    {
        if (!options.Value.UseHealthChecksCache)
        {
            await RefreshAsync(request.Service, context.CancellationToken);
        }

        return await health.Check(request, context);
    }

    public override async Task Watch(
        HealthCheckRequest request,
        IServerStreamWriter<HealthCheckResponse> responseStream,
        ServerCallContext context)
    {
        // The first answer must not wait for the first periodic run.
        if (health.Board.Get(request.Service).Status == ServingStatus.ServiceUnknown)
        {
            await RefreshAsync(request.Service, context.CancellationToken);
        }

        await health.Watch(request, responseStream, context);
    }

    private async Task RefreshAsync(string service, CancellationToken cancellationToken)
    {
        if (!options.Value.Services.TryGetServiceMapping(service, out var mapping)
            || lifetime.ApplicationStopping.IsCancellationRequested)
        {
            return;
        }

        var report = await checks.CheckHealthAsync(
            registration => mapping.HealthCheckPredicate(new HealthCheckMapContext(registration.Name, registration.Tags)),
            cancellationToken);
        health.SetStatus(service, ServiceStatus.FromReport(report, mapping));
    }
}
