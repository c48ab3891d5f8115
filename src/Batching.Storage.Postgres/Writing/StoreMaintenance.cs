using Batching.Engine.Storage;
using Microsoft.Extensions.Logging;

namespace Batching.Storage.Postgres.Writing;

/// <summary>Frees space beside the commits, for as long as this gateway holds the store: rows in steps, payloads by the partition.</summary>
internal sealed class StoreMaintenance : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly RowSweeper _sweeper;
    private readonly StoreWriter _writer;
    private readonly StoreHold _hold;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _signal = new(0, 1);
    private readonly Task _running;
    private bool _isFailing;

    public StoreMaintenance(RowSweeper sweeper, StoreWriter writer, StoreHold hold, TimeProvider time, ILogger logger)
    {
        _sweeper = sweeper;
        _writer = writer;
        _hold = hold;
        _time = time;
        _logger = logger;
        _running = Task.Run(RunAsync);
    }

    /// <summary>There may be rows to delete.</summary>
    public void Signal()
    {
        try
        {
            _signal.Release();
        }
        catch (SemaphoreFullException)
        {
            // It was told already.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
        _signal.Dispose();
    }

    private async Task RunAsync()
    {
        var last = _time.GetTimestamp() - (long)(Interval.TotalSeconds * _time.TimestampFrequency);
        try
        {
            while (!_hold.IsLost)
            {
                try
                {
                    if (_time.GetElapsedTime(last) >= Interval)
                    {
                        await _writer.MaintainAsync(_stopping.Token);
                        last = _time.GetTimestamp();
                    }

                    while (await _sweeper.StepAsync(_stopping.Token))
                    {
                        _stopping.Token.ThrowIfCancellationRequested();
                    }

                    _isFailing = false;
                    await _signal.WaitAsync(Interval, _stopping.Token);
                }
                catch (Exception e) when (e is not (OperationCanceledException or ObjectDisposedException))
                {
                    // Whatever it is, nothing but space depends on it.
                    if (!_isFailing && !_hold.IsLost)
                    {
                        _isFailing = true;
                        PostgresStoreLog.StoreSweepFailed(_logger, PostgresFaults.NameOf(e), e);
                    }

                    await Task.Delay(RetryDelay, _time, _stopping.Token);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
        }
    }
}
