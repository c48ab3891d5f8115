namespace Batching.Benchmarks.Neighbours;

/// <summary>One way to misbehave.</summary>
internal abstract class Behaviour
{
    public abstract string Name { get; }

    /// <summary>Makes what it needs, before the quiet owner is measured.</summary>
    public virtual Task PrepareAsync(HostileOwner owner) => Task.CompletedTask;

    /// <summary>Misbehaves, at whatever rate it can, until it is told to stop.</summary>
    public abstract Task RunAsync(HostileOwner owner, CancellationToken stop);
}
