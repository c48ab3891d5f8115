using System.Runtime.InteropServices;
using Batching.Engine.Quotas;

namespace Batching.Engine.Dependencies;

/// <summary>
/// The spawners that other requests wait for. Each is done when its whole query is: the spawner and all its pages, of which one that
/// failed is enough for a failure. Not thread-safe.
/// </summary>
internal sealed class SpawnerQueries
{
    // An entry of the map of pages, and its share of what the map has free.
    private const int BytesPerPage = 48;

    private readonly Dictionary<int, Query> _queries = [];
    private readonly Dictionary<int, int> _spawners = [];
    private readonly ByteLease? _lease;

    /// <param name="spawners">The spawners.</param>
    /// <param name="lease">Counts the memory of pages under way; null if nobody does.</param>
    public SpawnerQueries(IEnumerable<int> spawners, ByteLease? lease)
    {
        _lease = lease;
        foreach (var spawner in spawners)
        {
            _queries.Add(spawner, default);
        }
    }

    /// <summary>Whether there are any.</summary>
    public bool Any => _queries.Count > 0;

    /// <summary>Whether a request is one of them.</summary>
    public bool Contains(int spawner) => _queries.ContainsKey(spawner);

    /// <summary>Whether the query of a spawner is over.</summary>
    /// <param name="spawner">The spawner.</param>
    /// <param name="failed">Whether any of it has failed so far.</param>
    public bool IsOver(int spawner, out bool failed)
    {
        var query = _queries.GetValueOrDefault(spawner);
        failed = query.HasFailed;
        return query.HasBegun && query.Open == 0;
    }

    /// <summary>Adds a page that is stored.</summary>
    public void Add(int index, int spawner)
    {
        ref var query = ref CollectionsMarshal.GetValueRefOrNullRef(_queries, spawner);
        if (!System.Runtime.CompilerServices.Unsafe.IsNullRef(ref query) && _spawners.TryAdd(index, spawner))
        {
            query.Open++;
            _lease?.ReserveAnyway(BytesPerPage);
        }
    }

    /// <summary>Says what the result of a request ends: the request itself, as a rule.</summary>
    /// <param name="index">The request; of a spawner or its last page, the spawner.</param>
    /// <param name="failed">Whether it failed; of a spawner, whether any of its query did.</param>
    /// <returns>False if the query goes on.</returns>
    public bool TryEnd(ref int index, ref bool failed)
    {
        var isPage = _spawners.Remove(index, out var spawner);
        if (isPage)
        {
            _lease?.Release(BytesPerPage);
            index = spawner;
        }

        ref var query = ref CollectionsMarshal.GetValueRefOrNullRef(_queries, index);
        if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref query))
        {
            return true;
        }

        query.Open -= isPage ? 1 : 0;
        query.HasBegun |= !isPage;
        query.HasFailed |= failed;
        failed = query.HasFailed;
        return query.HasBegun && query.Open == 0;
    }

    private record struct Query(int Open, bool HasBegun, bool HasFailed);
}
