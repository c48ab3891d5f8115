namespace Batching.Engine.Quotas;

/// <summary>What an owner was granted of its quotas. Dispose it when it is no longer held, or when it is stored.</summary>
internal sealed class QuotaLease : IDisposable
{
    private readonly OwnerQuotas _quotas;
    private readonly string _owner;
    private readonly Lock _lock = new();
    private Holding _held;
    private bool _disposed;

    public QuotaLease(OwnerQuotas quotas, string owner, Holding held)
    {
        _quotas = quotas;
        _owner = owner;
        _held = held;
    }

    /// <summary>Adds to what is held, or says why not; then it is as it was.</summary>
    public async ValueTask<Refusal?> GrowAsync(int requests, long bytes, CancellationToken cancellationToken)
    {
        var answer = await _quotas.ReserveAsync(_owner, batches: 0, requests, bytes, cancellationToken);
        if (!answer.IsGiven)
        {
            return answer.Refusal;
        }

        // The one lease takes over what the other holds.
        using var added = answer.Value;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _held += added.Release();
        }

        return null;
    }

    public void Dispose() => _quotas.Return(_owner, Release());

    private Holding Release()
    {
        lock (_lock)
        {
            var held = _held;
            _held = default;
            _disposed = true;
            return held;
        }
    }
}
