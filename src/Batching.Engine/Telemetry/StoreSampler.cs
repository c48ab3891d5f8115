using Batching.Engine.Storage;

namespace Batching.Engine.Telemetry;

/// <summary>Looks from time to time at what is in the store, while anybody wants to know.</summary>
internal sealed class StoreSampler(IBatchStore store, BatchMetrics metrics, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    // To count batches takes longer the more there are: the hundredth part of one processor at most.
    private const int RestFactor = 100;

    private const int MostMessages = 1_000_000;

    /// <summary>Looks again and again until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var began = time.GetTimestamp();
            if (metrics.ObservesStore)
            {
                metrics.Store = await ReadAsync(cancellationToken);
                metrics.WaitingWebhooks = await CountMessagesAsync(cancellationToken);
            }

            var rest = RestFactor * time.GetElapsedTime(began);
            await Task.Delay(rest > Interval ? rest : Interval, time, cancellationToken);
        }
    }

    private async ValueTask<long?> CountMessagesAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await store.Webhooks.CountWaitingMessagesAsync(owner: null, MostMessages, cancellationToken);
        }
        catch (StoreUnavailableException)
        {
            return null;
        }
    }

    // Whoever reads too old a number is misled more than whoever reads none.
    private async ValueTask<StoreTotals?> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await store.ReadTotalsAsync(time.GetUtcNow(), cancellationToken);
        }
        catch (StoreUnavailableException)
        {
            return null;
        }
    }
}
