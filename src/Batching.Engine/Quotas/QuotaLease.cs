using Batching.Engine.Model;

namespace Batching.Engine.Quotas;

/// <summary>The part of its quotas that an owner was granted. Dispose it when it is no longer held, or when it is stored.</summary>
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

    /// <summary>The number of requests that are held.</summary>
    public int Requests
    {
        get
        {
            lock (_lock)
            {
                return (int)_held.Requests;
            }
        }
    }

    /// <summary>Gives back what is held beyond so many requests and bytes; or holds more, if they are more.</summary>
    public void Keep(int requests, long bytes)
    {
        Holding returned;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            returned = new Holding { Requests = _held.Requests - requests, Bytes = _held.Bytes - bytes };
            _held -= returned;
        }

        _quotas.Return(_owner, returned);
    }

    /// <summary>Adds to what is held, or says why not; then it is as it was.</summary>
    public async ValueTask<Refusal?> GrowAsync(int requests, long bytes, CancellationToken cancellationToken)
    {
        var answer = await _quotas.ReserveAsync(_owner, batches: 0, requests, bytes, cancellationToken);
        if (!answer.Succeeded)
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

    /// <summary>Holds nothing any more.</summary>
    /// <returns>What was held, which is to be given back.</returns>
    internal Holding Release()
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
