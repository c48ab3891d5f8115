using Batching.Engine.Identifiers;
using Batching.Engine.Scheduling;
using Batching.Engine.Storage;
using Batching.Engine.Upstreams;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Spawning;

/// <summary>Runs paged queries: says which requests a spawner begins with, and which follow a page. Thread-safe.</summary>
internal sealed class Spawner(
    RequestReader requests, UpstreamRouter router, BatchIds ids, TimeProvider time, IOptions<BatchEngineOptions> options)
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>The first page of a spawner.</summary>
    public async ValueTask<IReadOnlyList<SpawnedRequest>> BeginAsync(QueuedRequest spawner)
    {
        var query = await OpenAsync(spawner, spawner.Index, spawner.Call.Request);
        lock (query.State)
        {
            return query.State.Pages > 0 ? [] : [query.First()];
        }
    }

    /// <summary>What follows a page: nothing, one page, or all the others at once.</summary>
    public async ValueTask<IReadOnlyList<SpawnedRequest>> ContinueAsync(QueuedRequest page, UpstreamReply reply)
    {
        // A page that failed ends its chain; its own result shows why.
        if (reply.Failure != Failure.None || reply.StatusCode is < 200 or > 299)
        {
            return [];
        }

        ids.TryParseRequest(page.Call.Request.SpawnedBy, page.Batch.Record, out var index);
        var window = await ReadAsync(page.Batch, index);
        if (window is null)
        {
            // The batch was deleted.
            return [];
        }

        var query = await OpenAsync(page, index, window[index]);
        lock (query.State)
        {
            return query.Next(page, reply);
        }
    }

    private async ValueTask<PagedQuery> OpenAsync(QueuedRequest request, int index, Request definition)
    {
        var batch = request.Batch;
        var rules = PageRules.Of(request.Call.Route.Upstream.Pagination, definition.Pagination);
        var id = ids.OfRequest(batch.Key, index);
        var state = await batch.GetSpawnerAsync(index, () => LoadStateAsync(batch, id, rules));
        var maxPages = definition.Pagination is { HasMaxPages: true } pagination
            ? Math.Min(pagination.MaxPages, batch.Record.SpawnerPages)
            : batch.Record.SpawnerPages;
        return new PagedQuery(
            definition,
            id,
            maxPages,
            rules,
            state,
            router,
            time.GetUtcNow().ToTimestamp(),
            options.Value.Limits.ResponseBytes);
    }

    private async Task<SpawnerState> LoadStateAsync(ActiveBatch batch, string id, PageRules rules)
    {
        var state = new SpawnerState(rules);
        var pages = await batch.GetSpawnedBeforeAsync(() => ListSpawnedAsync(batch));
        foreach (var index in pages[id])
        {
            if (await ReadAsync(batch, index) is { } window)
            {
                var page = window[index];
                state.Add(page, PagedQuery.SizeOf(page, rules));
            }
        }

        return state;
    }

    // All spawners of a batch at once, so that a batch of very many is read only once.
    private async Task<ILookup<string, int>> ListSpawnedAsync(ActiveBatch batch)
    {
        var spawned = new List<(string SpawnedBy, int Index)>();
        for (var next = 0; next < batch.Record.Total;)
        {
            var window = await ReadAsync(batch, next);
            if (window is null)
            {
                break;
            }

            for (; next < window.EndIndex; next++)
            {
                if (window[next].SpawnedBy is { Length: > 0 } spawnedBy)
                {
                    spawned.Add((spawnedBy, next));
                }
            }
        }

        return spawned.ToLookup(request => request.SpawnedBy, request => request.Index);
    }

    // A store that fails for a while must not cost a page its answer.
    private async ValueTask<RequestWindow?> ReadAsync(ActiveBatch batch, int index)
    {
        while (true)
        {
            try
            {
                return await requests.ReadAsync(batch.Key, index, CancellationToken.None);
            }
            catch (StoreUnavailableException)
            {
                await Task.Delay(RetryDelay, time, batch.Stopping);
            }
        }
    }
}
