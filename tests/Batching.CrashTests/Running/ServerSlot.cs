namespace Batching.CrashTests.Running;

/// <summary>Where clients find a server that is alive: each call may come to another one. Thread-safe.</summary>
internal sealed class ServerSlot
{
    private readonly Lock _lock = new();
    private readonly List<Incarnation> _servers = [];
    private int _next;

    /// <summary>Waits for a server that is not known to be dead.</summary>
    public async Task<Incarnation> UpAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            lock (_lock)
            {
                for (var i = 0; i < _servers.Count; i++)
                {
                    if (_servers[_next++ % _servers.Count] is { Killed.IsCancellationRequested: false } server)
                    {
                        return server;
                    }
                }
            }

            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>A server is ready.</summary>
    public void Put(Incarnation server)
    {
        lock (_lock)
        {
            _servers.Add(server);
        }
    }

    /// <summary>It will be killed, or is.</summary>
    public void Remove(Incarnation server)
    {
        lock (_lock)
        {
            _servers.Remove(server);
        }
    }
}
