namespace Batching.Engine.Delivery;

/// <summary>
/// The results of one batch that have reached its client, and those on the way: positions up to the mark, and behind it ranges
/// that are out with a reply, were written a moment ago and may still be lost, or were received out of order. Not
/// thread-safe.
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
    public bool HasOnTheWay => _ranges.Exists(range => range.State == RangeState.OnTheWay);

    /// <summary>Every position up to this one was received, or was written completely to a client that is not known to be lost.</summary>
    public int Written
    {
        get
        {
            var written = Mark;
            foreach (var range in _ranges)
            {
                if (range.State == RangeState.OnTheWay || range.First > written + 1)
                {
                    break;
                }

                written = Math.Max(written, range.Last);
            }

            return written;
        }
    }

    /// <summary>Takes the first run of positions that are neither received nor on the way.</summary>
    /// <param name="last">The last position there is.</param>
    /// <returns>Null if there is none.</returns>
    public Range? TryClaim(int last)
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

        // A caller may have named a position in the middle: then nothing that is still wanted is left of the range.
        MoveMark();
    }

    /// <summary>A reply with everything up to a position was written completely, and nothing of it was taken before.</summary>
    /// <returns>What of it nobody has received or is receiving.</returns>
    public List<Range> WriteUpTo(int position)
    {
        var written = new List<Range>();
        while (TryClaim(position) is { } range)
        {
            range.SetWritten();
            written.Add(range);
        }

        return written;
    }

    /// <summary>Settles a range: its reply has reached the client, or it has not and the range is free again.</summary>
    public void Settle(Range range, bool received)
    {
        if (!received)
        {
            _ranges.Remove(range);
            return;
        }

        range.SetReceived();
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
            else if (next.State == RangeState.Received && next.First <= Mark + 1)
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

        public RangeState State { get; private set; }

        /// <summary>Its reply was written completely. Whether that has arrived is to be settled.</summary>
        public void SetWritten() => State = RangeState.Written;

        /// <summary>Its reply has arrived.</summary>
        public void SetReceived() => State = RangeState.Received;
    }

    /// <summary>The state of a range on its way.</summary>
    internal enum RangeState
    {
        OnTheWay,
        Written,
        Received,
    }
}
