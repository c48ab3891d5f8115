namespace Batching.Engine.Quotas;

/// <summary>
/// The pages that owners may spawn before it is looked up again what they have stored, which would cost a page as much as the
/// rest of it. Less than there was room for, so that it holds whatever else is stored; forgotten when there are too many.
/// Thread-safe.
/// </summary>
internal sealed class PageAllowances
{
    // After so many pages it is looked up again even if little was stored.
    private const int Pages = 64;

    // Of the room that there was, the part that is allowed is one of so many.
    private const int Parts = 16;

    private const int MaxOwners = 1_024;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (int Pages, long Bytes)> _owners = new(StringComparer.Ordinal);

    /// <summary>Allows an owner a part of the room that there is.</summary>
    public void Add(string owner, long room)
    {
        lock (_lock)
        {
            if (_owners.Count >= MaxOwners)
            {
                _owners.Clear();
            }

            _owners[owner] = (Pages, room / Parts);
        }
    }

    /// <summary>Counts a page, if it is allowed.</summary>
    public bool TryCountPage(string owner, long bytes)
    {
        lock (_lock)
        {
            if (!_owners.TryGetValue(owner, out var left) || left.Pages == 0 || left.Bytes < bytes)
            {
                return false;
            }

            _owners[owner] = left with { Pages = left.Pages - 1 };
            return true;
        }
    }

    /// <summary>Counts bytes that the owner holds, for pages or for anything else.</summary>
    public void CountBytes(string owner, long bytes)
    {
        lock (_lock)
        {
            if (bytes > 0 && _owners.TryGetValue(owner, out var left))
            {
                _owners[owner] = left with { Bytes = left.Bytes - bytes };
            }
        }
    }
}
