using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Grpc.AspNetCore.HealthChecks.Internal;

/// <summary>
/// The statuses, and one task that ends when any of them changes: a watcher costs nothing while it waits, and a name
/// that nobody set takes no room.
/// </summary>
internal sealed class StatusBoard
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ServingStatus> _statuses = new(StringComparer.Ordinal);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _stopped;
    private bool _completed;

    /// <summary>A status, what to wait for before asking again, and whether it is the last one.</summary>
    public (ServingStatus Status, Task Changed, bool Completed) Get(string service)
    {
        lock (_lock)
        {
            return (_statuses.GetValueOrDefault(service, ServingStatus.ServiceUnknown), _changed.Task, _completed);
        }
    }

    public void Set(string service, ServingStatus status)
    {
        lock (_lock)
        {
            // After the stop only the truth is told: a health check that is still green must not undo it.
            if (_stopped || _statuses.GetValueOrDefault(service, ServingStatus.ServiceUnknown) == status)
            {
                return;
            }

            if (status == ServingStatus.ServiceUnknown)
            {
                _statuses.Remove(service);
            }
            else
            {
                _statuses[service] = status;
            }

            Signal();
        }
    }

    public void Clear()
    {
        lock (_lock)
        {
            if (!_stopped)
            {
                _statuses.Clear();
                Signal();
            }
        }
    }

    /// <summary>Everything that is known is not served any more, and stays so.</summary>
    /// <param name="services">What is known although nobody has asked for it yet.</param>
    /// <param name="completeWatches">Whether watchers are told that this is the end.</param>
    public void Stop(IEnumerable<string> services, bool completeWatches)
    {
        lock (_lock)
        {
            _stopped = true;
            _completed = completeWatches;
            foreach (var service in _statuses.Keys.Union(services).ToList())
            {
                _statuses[service] = ServingStatus.NotServing;
            }

            Signal();
        }
    }

    private void Signal()
    {
        var changed = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.TrySetResult();
    }
}
