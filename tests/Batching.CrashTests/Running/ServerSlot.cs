namespace Batching.CrashTests.Running;

/// <summary>Where clients find the server that is alive. Thread-safe.</summary>
internal sealed class ServerSlot
{
    private TaskCompletionSource<Incarnation> _up = NewSource();

    /// <summary>Waits for a server that is not known to be dead.</summary>
    public async Task<Incarnation> UpAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var server = await Volatile.Read(ref _up).Task.WaitAsync(cancellationToken);
            if (!server.Killed.IsCancellationRequested)
            {
                return server;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>A server is ready.</summary>
    public void Put(Incarnation server) => Volatile.Read(ref _up).SetResult(server);

    /// <summary>It will be killed.</summary>
    public void Clear() => Volatile.Write(ref _up, NewSource());

    private static TaskCompletionSource<Incarnation> NewSource() =>
        new(TaskCreationOptions.RunContinuationsAsynchronously);
}
