using Batching.Engine.Running;
using Batching.Engine.Storage;

namespace Batching.Engine.Committing;

/// <summary>
/// Whether the store takes what is written. While it doesn't, requests whose results it could not take are not begun,
/// and wait here, where they hold neither a worker nor a place of their upstream. So do all while it is not certain that this
/// gateway holds the store. Thread-safe.
/// </summary>
public sealed class StoreHealth
{
    private readonly Lock _lock = new();
    private readonly StoreHold _hold;
    private readonly List<IHeldWork> _parked = [];
    private DateTimeOffset? _failingSince;
    private volatile bool _isFailing;
    private bool _isHeld;

    /// <summary>Begins with a store that works.</summary>
    /// <param name="hold">This gateway's hold on it.</param>
    public StoreHealth(StoreHold hold)
    {
        _hold = hold;
        hold.OnRegained(() => Release(isHeld: null));
    }

    /// <summary>Since when changes are refused; null while all are made.</summary>
    public DateTimeOffset? FailingSince
    {
        get
        {
            lock (_lock)
            {
                return _failingSince;
            }
        }
    }

    /// <summary>Whether changes are refused.</summary>
    public bool IsFailing => _isFailing;

    /// <summary>Keeps a request until its result could be stored; false if it may be begun.</summary>
    internal bool TryPark(IHeldWork request)
    {
        if (!_isFailing && _hold.IsCertain)
        {
            return false;
        }

        lock (_lock)
        {
            if (MayBegin(request.Batch))
            {
                return false;
            }

            _parked.Add(request);
            return true;
        }
    }

    /// <summary>Keeps a request that has found the store failing, until that is tried again.</summary>
    internal void Park(IHeldWork request)
    {
        lock (_lock)
        {
            if (_isFailing || !_hold.IsCertain)
            {
                _parked.Add(request);
                return;
            }
        }

        request.Resume();
    }

    /// <summary>Changes are refused. At first nothing is begun, until it is known what there is room for.</summary>
    internal void Fail(DateTimeOffset now)
    {
        lock (_lock)
        {
            _failingSince ??= now;
            _isHeld |= !_isFailing;
            _isFailing = true;
        }
    }

    /// <summary>All changes are made again.</summary>
    internal void Recover()
    {
        lock (_lock)
        {
            _failingSince = null;
            _isFailing = false;
        }

        Hold(isHeld: false, release: true);
    }

    /// <summary>Says whether requests may be begun while the store fails.</summary>
    /// <param name="isHeld">None may be: nothing can be stored, or too much waits for it.</param>
    /// <param name="release">Lets go of the requests that may be begun now.</param>
    internal void Hold(bool isHeld, bool release)
    {
        if (release)
        {
            Release(isHeld);
            return;
        }

        lock (_lock)
        {
            _isHeld = isHeld;
        }
    }

    private void Release(bool? isHeld)
    {
        List<IHeldWork> released;
        lock (_lock)
        {
            _isHeld = isHeld ?? _isHeld;
            released = _parked.FindAll(request => MayBegin(request.Batch));
            _parked.RemoveAll(request => MayBegin(request.Batch));
        }

        released.ForEach(request => request.Resume());
    }

    // A batch that was stopped sends nothing, and its requests have to end.
    private bool MayBegin(ActiveBatch batch) =>
        batch.Stopping.IsCancellationRequested
        || (_hold.IsCertain && (!_isFailing || (!_isHeld && !batch.HasUnstored)));
}
