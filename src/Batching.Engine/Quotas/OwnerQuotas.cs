using System.Globalization;
using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Engine.Telemetry;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Quotas;

/// <summary>
/// Grants every owner its share. What is stored is counted by the store, in the transactions that change it; here is only
/// what isn't there yet or never will be: submissions on their way, open streams, keyed batches. Thread-safe.
/// </summary>
internal sealed class OwnerQuotas(
    IBatchStore store, BatchMetrics metrics, TimeProvider time, IOptions<BatchEngineOptions> options)
{
    // When another attempt makes sense: work may have gone on by then, an expiry takes longer.
    private static readonly TimeSpan RetryWaiting = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryBytes = TimeSpan.FromMinutes(1);

    // How long a page waits for what is on its way to the store.
    private static readonly TimeSpan MostWait = TimeSpan.FromSeconds(1);

    private readonly QuotaOptions _quotas = options.Value.Quotas;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Holding> _held = new(StringComparer.Ordinal);

    // Tells pages that there was no room for that their owner has given back some bytes.
    private readonly Dictionary<string, TaskCompletionSource> _returned = new(StringComparer.Ordinal);

    private readonly PageAllowances _allowances = new();

    /// <summary>The number of owners who hold anything.</summary>
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
    public async ValueTask<Outcome<QuotaLease>> ReserveAsync(
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
        return Counted(refusal);
    }

    /// <summary>
    /// Grants pages of a query that is under way: as many as fit, at least the one that takes the place of the request that
    /// spawns it. What waits for its turn gives way by itself, so that is no reason to refuse; what is stored does not.
    /// </summary>
    /// <param name="owner">Whose query it is.</param>
    /// <param name="most">Pages at most; the first of them is not held.</param>
    /// <param name="bytes">Bytes that they may take.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="StoreUnavailableException">The store can't say what is there.</exception>
    public async ValueTask<Outcome<QuotaLease>> ReservePagesAsync(
        string owner, int most, long bytes, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            var wanted = new Holding { Requests = most - 1, Bytes = bytes };
            var lease = new QuotaLease(this, owner, wanted);
            var isAllowed = most == 1 && _allowances.TryCountPage(owner, bytes);
            var held = Take(owner, wanted);
            if (isAllowed)
            {
                return lease;
            }

            OwnerUsage stored;
            try
            {
                stored = await store.ReadUsageAsync(owner, cancellationToken);
            }
            catch
            {
                lease.Dispose();
                throw;
            }

            if (Compare(stored, held, new Holding { Bytes = bytes }) is not { } refusal)
            {
                var over = stored.Requests + held.Requests - _quotas.Requests;
                lease.Keep((int)Math.Clamp(wanted.Requests - over, 0, wanted.Requests), bytes);
                _allowances.Add(owner, _quotas.StoredBytes - stored.Bytes - held.Bytes);
                return lease;
            }

            // What is stored, but not given back yet, was counted twice. That ends no query.
            if (GiveBack(owner, lease) is not { } returned
                || !await IsSoonAsync(returned, MostWait - time.GetElapsedTime(began), cancellationToken))
            {
                return Counted(refusal);
            }
        }
    }

    /// <summary>Holds bytes that are there already and will be stored; null if there are none.</summary>
    public QuotaLease? HoldBytes(string owner, long bytes)
    {
        if (bytes == 0)
        {
            return null;
        }

        var held = new Holding { Bytes = bytes };
        Take(owner, held);
        return new QuotaLease(this, owner, held);
    }

    /// <summary>Grants a stream.</summary>
    public Outcome<QuotaLease> OpenStream(string owner)
    {
        var wanted = new Holding { Streams = 1 };
        var lease = new QuotaLease(this, owner, wanted);
        if (Take(owner, wanted).Streams <= _quotas.Streams)
        {
            return lease;
        }

        lease.Dispose();
        return Counted(Refuse(nameof(_quotas.Streams), _quotas.Streams, Refusal.Exhausted.Soon, Text(
            $"This caller has {_quotas.Streams} streams open, as many as it may ({Key(nameof(_quotas.Streams))}). Close one first, or wait until one has ended.")));
    }

    /// <summary>Grants a keyed batch.</summary>
    public Outcome<QuotaLease> BeginKeyedBatch(string owner)
    {
        var wanted = new Holding { KeyedBatches = 1 };
        var lease = new QuotaLease(this, owner, wanted);
        if (Take(owner, wanted).KeyedBatches <= _quotas.KeyedBatches)
        {
            return lease;
        }

        lease.Dispose();
        return Counted(Refuse(nameof(_quotas.KeyedBatches), _quotas.KeyedBatches, Refusal.Exhausted.Soon, Text(
            $"This caller has {_quotas.KeyedBatches} keyed batches running, as many as it may ({Key(nameof(_quotas.KeyedBatches))}). Wait until one has ended.")));
    }

    /// <summary>Takes back what a lease held.</summary>
    public void Return(string owner, Holding returned)
    {
        if (returned == default)
        {
            return;
        }

        TaskCompletionSource? waiting = null;
        lock (_lock)
        {
            Subtract(owner, returned);
            if (returned.Bytes > 0)
            {
                _returned.Remove(owner, out waiting);
            }
        }

        waiting?.SetResult();
    }

    // Of what was not granted. Completes when the owner gives back something else; null if there is nothing else.
    private Task? GiveBack(string owner, QuotaLease lease)
    {
        lock (_lock)
        {
            Subtract(owner, lease.Release());
            if (!_held.TryGetValue(owner, out var held) || held.Bytes == 0)
            {
                return null;
            }

            if (!_returned.TryGetValue(owner, out var returned))
            {
                _returned.Add(owner, returned = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            }

            return returned.Task;
        }
    }

    private async ValueTask<bool> IsSoonAsync(Task task, TimeSpan most, CancellationToken cancellationToken)
    {
        if (most > TimeSpan.Zero)
        {
            await task.WaitAsync(most, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }

        return task.IsCompleted;
    }

    private void Subtract(string owner, Holding returned)
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

    // Returns all that the owner holds now.
    private Holding Take(string owner, Holding wanted)
    {
        _allowances.CountBytes(owner, wanted.Bytes);
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
                $"This caller's requests and responses take {stored.Bytes + held.Bytes - wanted.Bytes} bytes and may take {_quotas.StoredBytes} ({Key(nameof(_quotas.StoredBytes))}); {wanted.Bytes} more don't fit. Delete batches that were fetched, or wait until some have expired."));
        }

        return null;
    }

    private static Refusal.Exhausted Refuse(string quota, long value, TimeSpan retryAfter, string message) =>
        new(Key(quota), value, retryAfter, message);

    private Refusal.Exhausted Counted(Refusal.Exhausted refusal)
    {
        metrics.CountRefusal(refusal);
        return refusal;
    }

    private static string Key(string quota) => OptionKey.Of<QuotaOptions>(quota);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
