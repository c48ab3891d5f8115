using Grpc.AspNetCore.HealthChecks.Internal;
using Grpc.Core;
using Grpc.Health.V1;

namespace Grpc.HealthCheck;

/// <summary>
/// <c>grpc.health.v1.Health</c> over statuses that are set. A change reaches every <c>Watch</c> at once; a watcher that
/// reads slowly gets the latest status, not each one.
/// </summary>
public class HealthServiceImpl : Health.V1.Health.HealthBase
{
    private readonly StatusBoard _board = new();

    internal StatusBoard Board => _board;

    /// <summary>Sets the status of a service; the empty name is the server as a whole.</summary>
    public void SetStatus(string service, HealthCheckResponse.Types.ServingStatus status)
    {
        ArgumentNullException.ThrowIfNull(service);
        _board.Set(service, status);
    }

    /// <summary>Forgets a service: watchers see <c>SERVICE_UNKNOWN</c>.</summary>
    public void ClearStatus(string service)
    {
        ArgumentNullException.ThrowIfNull(service);
        _board.Set(service, HealthCheckResponse.Types.ServingStatus.ServiceUnknown);
    }

    /// <summary>Forgets all services.</summary>
    public void ClearAll() => _board.Clear();

    /// <summary>The status of a service.</summary>
    /// <exception cref="RpcException"><see cref="StatusCode.NotFound"/>: the service is not known.</exception>
    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(request);
        var (status, _, _) = _board.Get(request.Service);
        return status == HealthCheckResponse.Types.ServingStatus.ServiceUnknown
            ? throw new RpcException(new Status(StatusCode.NotFound, "The service is unknown."))
            : Task.FromResult(new HealthCheckResponse { Status = status });
    }

    /// <summary>The status of a service, now and after each change, until the call is cancelled or the server stops.</summary>
    public override async Task Watch(
        HealthCheckRequest request,
        IServerStreamWriter<HealthCheckResponse> responseStream,
        ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(responseStream);
        ArgumentNullException.ThrowIfNull(context);
        HealthCheckResponse.Types.ServingStatus? sent = null;
        try
        {
            while (true)
            {
                var (status, changed, completed) = _board.Get(request.Service);
                if (status != sent)
                {
                    await responseStream.WriteAsync(new HealthCheckResponse { Status = status });
                    sent = status;
                }

                if (completed)
                {
                    return;
                }

                await changed.WaitAsync(context.CancellationToken);
            }
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            // How every watch ends.
        }
    }
}
