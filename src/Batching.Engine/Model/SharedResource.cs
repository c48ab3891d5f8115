namespace Batching.Engine.Model;

/// <summary>Something that several hold: it is disposed when the last of them has let go of it. Thread-safe.</summary>
/// <param name="resource">What they hold.</param>
internal sealed class SharedResource(IDisposable resource)
{
    private int _holders;

    /// <summary>Adds one who holds it. Not for when all have let go of it.</summary>
    /// <returns>To be disposed once.</returns>
    public IDisposable Hold()
    {
        Interlocked.Increment(ref _holders);
        return new Holder(this);
    }

    private void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
        {
            resource.Dispose();
        }
    }

    private sealed class Holder(SharedResource shared) : IDisposable
    {
        public void Dispose() => shared.Release();
    }
}
