using System.Globalization;
using Batching.Engine.Storage;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Quotas;

/// <summary>
/// Grants every owner its share. What is stored is counted by the store, in the transactions that change it; here is only
/// what isn't there yet or never will be: submissions on their way, open streams, keyed batches. Thread-safe.
/// </summary>
internal sealed class OwnerQuotas(
    IBatchStore store, BatchMetrics metrics, IOptions<BatchEngineOptions> options)
{
    // When another attempt makes sense: work may have gone on by then, an expiry takes longer, a call is short.
    private static readonly TimeSpan RetryWaiting = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryBytes = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RetryOpen = TimeSpan.FromSeconds(1);

    private readonly QuotaOptions _quotas = options.Value.Quotas;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Holding> _held = new(StringComparer.Ordinal);

    /// <summary>How many owners hold anything.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _held.Count;
            }
        }
    }

    /// <summary>
    /// Grants what is about to be stored. The lease is held until it is, so that submissions side by side don't overshoot
    /// together.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The store can't say what is there.</exception>
    public async ValueTask<Answer<QuotaLease>> ReserveAsync(
        string owner, int batches, int requests, long bytes, CancellationToken cancellationToken)
    {
        if (requests > _quotas.Requests)
        {
            return new Refusal.Invalid("requests", Text(
                $"holds {requests} requests, and an owner may have no more than {_quotas.Requests} waiting ({Key(nameof(_quotas.Requests))})"));
        }

        if (bytes > _quotas.StoredBytes)
        {
            return new Refusal.Invalid("requests", Text(
                $"takes {bytes} bytes, and an owner may store no more than {_quotas.StoredBytes} ({Key(nameof(_quotas.StoredBytes))})"));
        }

        // First held, then compared with what is stored: what others store meanwhile is counted twice rather than not
        // at all.
        var wanted = new Holding { Batches = batches, Requests = requests, Bytes = bytes };
        var lease = new QuotaLease(this, owner, wanted);
        var held = Take(owner, wanted);
        Refusal.Exhausted? refusal;
        try
        {
            refusal = Compare(await store.ReadUsageAsync(owner, cancellationToken), held, wanted);
        }
        catch
        {
            lease.Dispose();
            throw;
        }

        if (refusal is null)
        {
            return lease;
        }

        lease.Dispose();
        return refusal;
    }

    /// <summary>Grants a stream.</summary>
    public Answer<QuotaLease> OpenStream(string owner)
    {
        var wanted = new Holding { Streams = 1 };
        var lease = new QuotaLease(this, owner, wanted);
        if (Take(owner, wanted).Streams <= _quotas.Streams)
        {
            return lease;
        }

        lease.Dispose();
        return Refuse(nameof(_quotas.Streams), _quotas.Streams, RetryOpen, Text(
            $"This caller has {_quotas.Streams} streams open, as many as it may ({Key(nameof(_quotas.Streams))}). Close one first, or wait until one has ended."));
    }

    /// <summary>Grants a keyed batch.</summary>
    public Answer<QuotaLease> BeginKeyedBatch(string owner)
    {
        var wanted = new Holding { KeyedBatches = 1 };
        var lease = new QuotaLease(this, owner, wanted);
        if (Take(owner, wanted).KeyedBatches <= _quotas.KeyedBatches)
        {
            return lease;
        }

        lease.Dispose();
        return Refuse(nameof(_quotas.KeyedBatches), _quotas.KeyedBatches, RetryOpen, Text(
            $"This caller has {_quotas.KeyedBatches} keyed batches running, as many as it may ({Key(nameof(_quotas.KeyedBatches))}). Wait until one has ended."));
    }

    /// <summary>Takes back what a lease held.</summary>
    public void Return(string owner, Holding returned)
    {
        if (returned == default)
        {
            return;
        }

        lock (_lock)
        {
            var left = _held[owner] - returned;
            if (left == default)
            {
                // An owner who holds nothing leaves nothing behind.
                _held.Remove(owner);
            }
            else
            {
                _held[owner] = left;
            }
        }
    }

    // Returns all that the owner holds now.
    private Holding Take(string owner, Holding wanted)
    {
        lock (_lock)
        {
            _held.TryGetValue(owner, out var before);
            return _held[owner] = before + wanted;
        }
    }

    private Refusal.Exhausted? Compare(OwnerUsage stored, Holding held, Holding wanted)
    {
        if (wanted.Batches > 0 && stored.Batches + held.Batches > _quotas.Batches)
        {
            return Refuse(nameof(_quotas.Batches), _quotas.Batches, RetryWaiting, Text(
                $"This caller has {stored.Batches} batches that are not done and may have {_quotas.Batches} ({Key(nameof(_quotas.Batches))}). Wait until one is done, or cancel one."));
        }

        if (wanted.Requests > 0 && stored.Requests + held.Requests > _quotas.Requests)
        {
            return Refuse(nameof(_quotas.Requests), _quotas.Requests, RetryWaiting, Text(
                $"This caller has {stored.Requests} requests waiting and may have {_quotas.Requests} ({Key(nameof(_quotas.Requests))}); {wanted.Requests} more don't fit. Wait until some are done, cancel a batch, or submit fewer at a time."));
        }

        if (wanted.Bytes > 0 && stored.Bytes + held.Bytes > _quotas.StoredBytes)
        {
            return Refuse(nameof(_quotas.StoredBytes), _quotas.StoredBytes, RetryBytes, Text(
                $"This caller's requests and responses take {stored.Bytes} bytes and may take {_quotas.StoredBytes} ({Key(nameof(_quotas.StoredBytes))}); {wanted.Bytes} more don't fit. Delete batches that were fetched, or wait until some have expired."));
        }

        return null;
    }

    private Refusal.Exhausted Refuse(string quota, long value, TimeSpan retryAfter, string message)
    {
        var refusal = new Refusal.Exhausted(Key(quota), value, retryAfter, message);
        metrics.CountRefusal(refusal);
        return refusal;
    }

    private static string Key(string quota) => $"Batch:Quotas:{quota}";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
