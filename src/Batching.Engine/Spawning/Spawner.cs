using Batching.Engine.Identifiers;
using Batching.Engine.Scheduling;
using Batching.Engine.Storage;
using Batching.Engine.Upstreams;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Engine.Spawning;

/// <summary>Runs paged queries: says which requests a spawner begins with, and which follow a page. Thread-safe.</summary>
internal sealed class Spawner(RequestReader requests, UpstreamRouter router, BatchIds ids, TimeProvider time)
{
    /// <summary>The first page of a spawner.</summary>
    public async ValueTask<IReadOnlyList<SpawnedRequest>> BeginAsync(QueuedRequest spawner)
    {
        var query = await OpenAsync(spawner, spawner.Index, spawner.Call.Request);
        lock (query.State)
        {
            return query.State.Pages > 0 ? [] : [query.First() with { RunsAtOnce = true }];
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
        var window = await requests.ReadAsync(page.Batch.Key, index, CancellationToken.None)
            ?? throw new InvalidOperationException("A page has no spawner.");
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
        var state = await batch.GetSpawnerAsync(index, () => LoadStateAsync(batch, index, id, rules));
        return new PagedQuery(definition, id, rules, state, router, time.GetUtcNow().ToTimestamp());
    }

    private async Task<SpawnerState> LoadStateAsync(ActiveBatch batch, int index, string id, PageRules rules)
    {
        var state = new SpawnerState(rules);
        for (var next = index + 1; next < batch.Record.Total;)
        {
            var window = await requests.ReadAsync(batch.Key, next, CancellationToken.None);
            if (window is null)
            {
                break;
            }

            for (; next < window.EndIndex; next++)
            {
                if (window[next].SpawnedBy == id)
                {
                    state.Add(window[next], PagedQuery.SizeOf(window[next], rules));
                }
            }
        }

        return state;
    }
}
