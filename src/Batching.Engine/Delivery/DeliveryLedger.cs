namespace Batching.Engine.Delivery;

/// <summary>
/// What of one batch has reached its client, and what is on the way: positions up to the mark, and behind it ranges
/// that are out with a reply or were received out of order. Not thread-safe.
/// </summary>
/// <param name="mark">The received mark as it is stored.</param>
internal sealed class DeliveryLedger(int mark)
{
    // In order, not overlapping, all behind the mark.
    private readonly List<Range> _ranges = [];

    /// <summary>Every position up to this one was received.</summary>
    public int Mark { get; private set; } = mark;

    /// <summary>Whether nothing but the mark needs to be remembered.</summary>
    public bool IsSettled => _ranges.Count == 0;

    /// <summary>Whether some positions are out with a reply that has not ended.</summary>
    public bool HasOnTheWay => _ranges.Exists(range => !range.Received);

    /// <summary>Takes the first run of positions that are neither received nor on the way.</summary>
    /// <param name="last">The last position there is.</param>
    /// <returns>Null if there is none.</returns>
    public Range? TryTake(int last)
    {
        var first = Mark + 1;
        var at = 0;
        while (at < _ranges.Count && _ranges[at].First <= first)
        {
            // The mark may be in the middle of a range, or behind what is left of it.
            first = Math.Max(first, _ranges[at].Last + 1);
            at++;
        }

        var end = at < _ranges.Count ? Math.Min(last, _ranges[at].First - 1) : last;
        if (first > end)
        {
            return null;
        }

        var range = new Range(first, end);
        _ranges.Insert(at, range);
        return range;
    }

    /// <summary>Gives back what is behind a position, because the reply had no room for it.</summary>
    public void Shorten(Range range, int last)
    {
        range.Last = last;
        if (last < range.First)
        {
            _ranges.Remove(range);
        }
    }

    /// <summary>Settles a range: its reply has reached the client, or it has not and the range is free again.</summary>
    public void Settle(Range range, bool received)
    {
        if (!received)
        {
            _ranges.Remove(range);
            return;
        }

        range.Received = true;
        MoveMark();
    }

    /// <summary>Everything up to a position was received.</summary>
    public void ReceiveUpTo(int position)
    {
        if (position > Mark)
        {
            Mark = position;
            MoveMark();
        }
    }

    private void MoveMark()
    {
        while (_ranges.Count > 0)
        {
            var next = _ranges[0];
            if (next.Last <= Mark)
            {
                _ranges.RemoveAt(0);
            }
            else if (next.Received && next.First <= Mark + 1)
            {
                Mark = next.Last;
                _ranges.RemoveAt(0);
            }
            else
            {
                return;
            }
        }
    }

    /// <summary>Positions from the first to the last.</summary>
    internal sealed class Range(int first, int last)
    {
        public int First { get; } = first;

        public int Last { get; set; } = last;

        public bool Received { get; set; }
    }
}
