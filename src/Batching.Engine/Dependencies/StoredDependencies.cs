using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Storage;
using Batching.V1;

namespace Batching.Engine.Dependencies;

/// <summary>Reads the graph of a batch from its stored requests, once, after a restart.</summary>
internal static class StoredDependencies
{
    private const RequestFields Wanted =
        RequestFields.Key | RequestFields.DependsOn | RequestFields.RunWhen | RequestFields.Spawner | RequestFields.SpawnedBy
        | RequestFields.References;

    /// <summary>Reads it.</summary>
    /// <param name="store">The store.</param>
    /// <param name="ids">Reads the ids of spawners.</param>
    /// <param name="record">The batch.</param>
    /// <param name="lease">The memory of the graph, which it takes whether there is room or not.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <returns>The graph, without any result; null for a batch that is gone.</returns>
    public static async Task<DependencyGraph?> ReadAsync(
        IBatchStore store, BatchIds ids, BatchRecord record, ByteLease lease, CancellationToken cancellationToken)
    {
        var builder = new DependencyBuilder();
        var pages = new List<(int Index, int Spawner)>();
        for (var next = 0; next < record.Total;)
        {
            if (await store.ReadWindowAsync(record.Key, next, cancellationToken) is not { } window)
            {
                return null;
            }

            for (; next < window.EndIndex; next++)
            {
                var request = new Request();
                window.ReadShown(next, request, Wanted);
                if (request.SpawnedBy.Length == 0)
                {
                    if (request.Key.Length > 0)
                    {
                        builder.Keys.TryAdd(request.Key, next, out _);
                    }

                    builder.Add(next, request);
                }
                else if (ids.TryParseRequest(request.SpawnedBy, record, out var spawner))
                {
                    pages.Add((next, spawner));
                }
            }
        }

        var graph = builder.Rebuild(record.Total - pages.Count, lease);
        foreach (var (index, spawner) in pages)
        {
            graph.AddPage(index, spawner);
        }

        return graph;
    }
}
