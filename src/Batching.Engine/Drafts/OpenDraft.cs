using Batching.Engine.Quotas;

namespace Batching.Engine.Drafts;

/// <summary>
/// A draft that this gateway reads or is about to. It becomes a batch or is cancelled, whichever comes first. Holds little, as
/// there may be many. Thread-safe.
/// </summary>
/// <param name="key">Its number.</param>
/// <param name="owner">Whose it is.</param>
/// <param name="lease">What it takes of its owner's quota; null if that was not asked for.</param>
internal sealed class OpenDraft(long key, string owner, QuotaLease? lease) : IDisposable
{
    private const int Reading = 0;
    private const int Accepting = 1;
    private const int Cancelled = 2;

    private readonly CancellationTokenSource _cancel = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _state;

    public long Key => key;

    public string Owner => owner;

    /// <summary>Signalled when it is cancelled.</summary>
    public CancellationToken Cancelling => _cancel.Token;

    public bool IsCancelled => Volatile.Read(ref _state) == Cancelled;

    /// <summary>Completes when nothing is done with it any more.</summary>
    public Task Ended => _ended.Task;

    /// <summary>All its requests are read; false if it was cancelled before.</summary>
    public bool TryAccept() => Interlocked.CompareExchange(ref _state, Accepting, Reading) is Reading or Accepting;

    /// <summary>Cancels it; false if it is becoming a batch.</summary>
    public bool TryCancel()
    {
        if (Interlocked.CompareExchange(ref _state, Cancelled, Reading) == Accepting)
        {
            return false;
        }

        _ = _cancel.CancelAsync();
        return true;
    }

    /// <summary>Nothing is done with it any more.</summary>
    public void Dispose()
    {
        lease?.Dispose();
        _ended.TrySetResult();
    }
}
