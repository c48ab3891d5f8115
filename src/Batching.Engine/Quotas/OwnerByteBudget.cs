namespace Batching.Engine.Quotas;

/// <summary>
/// Bounds how many bytes of one kind are in memory, over all owners and for each of them. Whoever finds no room may wait:
/// owners who have room in their share get what becomes free in turn, and each of them in the order in which it asked.
/// Something larger than a share is let in when its owner holds nothing else, and something larger than the whole budget
/// when nobody does. An owner who holds nothing leaves nothing behind. Thread-safe.
/// </summary>
public sealed class OwnerByteBudget
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Account> _accounts = new(StringComparer.Ordinal);

    // Those whose next waiter has room in their share, and waits for others to give something back.
    private readonly LinkedList<Account> _turns = new();
    private readonly TimeProvider _time;
    private long _used;

    /// <param name="capacity">Bytes over all owners, at least 1.</param>
    /// <param name="share">Bytes of one owner, at least 1; no more than <paramref name="capacity"/> count.</param>
    /// <param name="time">Tells how long somebody has waited.</param>
    public OwnerByteBudget(long capacity, long share, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(share, 1);
        Capacity = capacity;
        Share = Math.Min(share, capacity);
        _time = time;
    }

    /// <summary>Bytes that there are over all owners.</summary>
    public long Capacity { get; }

    /// <summary>Bytes that there are for one owner.</summary>
    public long Share { get; }

    /// <summary>Bytes that are taken.</summary>
    public long Used => Volatile.Read(ref _used);

    /// <summary>The number of owners who hold something or wait for it.</summary>
    public int Owners
    {
        get
        {
            lock (_lock)
            {
                return _accounts.Count;
            }
        }
    }

    /// <summary>Bytes that an owner has taken.</summary>
    public long UsedBy(string owner)
    {
        lock (_lock)
        {
            return _accounts.TryGetValue(owner, out var account) ? account.Used : 0;
        }
    }

    /// <summary>Begins to take bytes for an owner, none at first.</summary>
    public ByteLease Open(string owner) => new(this, owner);

    // Nobody passes those who wait for what it wants.
    internal bool TryReserve(ByteLease lease, long bytes)
    {
        lock (_lock)
        {
            var account = GetOrOpen(lease.Owner);
            var isTaken = account.Waiting.Count == 0 && _turns.Count == 0 && FitsShare(account, bytes) && Fits(bytes);
            if (isTaken)
            {
                Add(account, lease, bytes);
            }

            CloseIfUnused(account);
            return isTaken;
        }
    }

    internal void ReserveAnyway(ByteLease lease, long bytes)
    {
        lock (_lock)
        {
            var account = GetOrOpen(lease.Owner);
            Add(account, lease, bytes);
            GrantAll(account);
        }
    }

    internal async ValueTask<bool> ReserveAsync(ByteLease lease, long bytes, TimeSpan most, CancellationToken cancellationToken)
    {
        if (TryReserve(lease, bytes))
        {
            return true;
        }

        cancellationToken.ThrowIfCancellationRequested();
        var waiter = Enqueue(lease, bytes);
        try
        {
            await waiter.Granted.Task.WaitAsync(most, _time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            // It may have been granted at the same moment.
            return !TryGiveUp(waiter);
        }
        catch (OperationCanceledException)
        {
            if (!TryGiveUp(waiter))
            {
                lease.Release(bytes);
            }

            throw;
        }
    }

    internal void Release(ByteLease lease, long? bytes)
    {
        lock (_lock)
        {
            var released = bytes ?? lease.Held;
            ArgumentOutOfRangeException.ThrowIfGreaterThan(released, lease.Held, nameof(bytes));
            if (released > 0)
            {
                var account = _accounts[lease.Owner];
                Add(account, lease, -released);
                GrantAll(account);
            }
        }
    }

    private bool Fits(long bytes) => _used == 0 || _used + bytes <= Capacity;

    private bool FitsShare(Account account, long bytes) => account.Used == 0 || account.Used + bytes <= Share;

    private Account GetOrOpen(string owner)
    {
        if (!_accounts.TryGetValue(owner, out var account))
        {
            _accounts.Add(owner, account = new Account(owner));
        }

        return account;
    }

    private void CloseIfUnused(Account account)
    {
        if (account.Used == 0 && account.Waiting.Count == 0)
        {
            _accounts.Remove(account.Owner);
        }
    }

    private void Add(Account account, ByteLease lease, long bytes)
    {
        _used += bytes;
        account.Used += bytes;
        lease.Held += bytes;
    }

    private QueueTicket Enqueue(ByteLease lease, long bytes)
    {
        lock (_lock)
        {
            var account = GetOrOpen(lease.Owner);
            var waiter = new QueueTicket(account, lease, bytes);
            account.Waiting.AddLast(waiter.Node);

            // Something may have been given back since it was tried.
            GrantAll(account);
            return waiter;
        }
    }

    // False if it was granted.
    private bool TryGiveUp(QueueTicket waiter)
    {
        lock (_lock)
        {
            if (waiter.Node.List is null)
            {
                return false;
            }

            waiter.Account.Waiting.Remove(waiter.Node);
            GrantAll(waiter.Account);
            return true;
        }
    }

    // Lets in who has room now, after an account has changed.
    private void GrantAll(Account changed)
    {
        TakeTurn(changed);
        while (_turns.First is { Value: var account } && account.Waiting.First!.Value is var waiter && Fits(waiter.Bytes))
        {
            account.Waiting.RemoveFirst();
            Add(account, waiter.Lease, waiter.Bytes);
            waiter.Granted.SetResult();

            // Behind the others, if it has more that fits.
            _turns.Remove(account.Turn);
            TakeTurn(account);
        }

        CloseIfUnused(changed);
    }

    private void TakeTurn(Account account)
    {
        var isReady = account.Waiting.First is { Value: var waiter } && FitsShare(account, waiter.Bytes);
        if (isReady && account.Turn.List is null)
        {
            _turns.AddLast(account.Turn);
        }
        else if (!isReady && account.Turn.List is not null)
        {
            _turns.Remove(account.Turn);
        }
    }

    private sealed class Account
    {
        public Account(string owner)
        {
            Owner = owner;
            Turn = new LinkedListNode<Account>(this);
        }

        public string Owner { get; }

        public long Used { get; set; }

        public LinkedList<QueueTicket> Waiting { get; } = new();

        public LinkedListNode<Account> Turn { get; }
    }

    private sealed class QueueTicket
    {
        public QueueTicket(Account account, ByteLease lease, long bytes)
        {
            Account = account;
            Lease = lease;
            Bytes = bytes;
            Node = new LinkedListNode<QueueTicket>(this);
        }

        public Account Account { get; }

        public ByteLease Lease { get; }

        public long Bytes { get; }

        public LinkedListNode<QueueTicket> Node { get; }

        public TaskCompletionSource Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
