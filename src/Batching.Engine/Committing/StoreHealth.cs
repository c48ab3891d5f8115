using Batching.Engine.Running;

namespace Batching.Engine.Committing;

/// <summary>
/// Whether the store takes what is written. While it doesn't, requests whose results it could not take are not begun,
/// and wait here, where they hold neither a worker nor a place of their upstream. Thread-safe.
/// </summary>
public sealed class StoreHealth
{
    private readonly Lock _lock = new();
    private readonly List<IHeldWork> _parked = [];
    private DateTimeOffset? _failingSince;
    private volatile bool _isFailing;
    private bool _isHeld;

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
        if (!_isFailing)
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
            if (_isFailing)
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
        List<IHeldWork> released;
        lock (_lock)
        {
            _isHeld = isHeld;
            if (!release)
            {
                return;
            }

            released = _parked.FindAll(request => MayBegin(request.Batch));
            _parked.RemoveAll(request => MayBegin(request.Batch));
        }

        released.ForEach(request => request.Resume());
    }

    // A batch that was stopped sends nothing, and its requests have to end.
    private bool MayBegin(ActiveBatch batch) =>
        !_isFailing || batch.Stopping.IsCancellationRequested || (!_isHeld && !batch.HasUnstored);
}
