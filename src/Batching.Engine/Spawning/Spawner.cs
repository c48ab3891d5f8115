using System.Runtime.CompilerServices;
using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Running;
using Batching.Engine.Storage;
using Batching.Engine.Upstreams;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Spawning;

/// <summary>Runs paged queries: says which requests a spawner begins with, and which follow a page. Thread-safe.</summary>
internal sealed class Spawner(
    RequestReader requests,
    UpstreamRouter router,
    OwnerQuotas quotas,
    BatchIds ids,
    TimeProvider time,
    IOptions<BatchEngineOptions> options)
{
    private readonly LimitOptions _limits = options.Value.Limits;

    // Kept for as long as anybody knows the batch.
    private readonly ConditionalWeakTable<ActiveBatch, BatchQueries> _queries = [];

    /// <summary>The first page of a spawner.</summary>
    /// <param name="batch">Its batch.</param>
    /// <param name="index">Its index.</param>
    /// <param name="call">The spawner itself.</param>
    public async ValueTask<Spawned> BeginAsync(ActiveBatch batch, int index, UpstreamCall call)
    {
        var query = await OpenAsync(batch, index, call, call.Request);
        return await SpawnAsync(
            batch,
            query,
            most: 1,
            resultBytes: 0,
            room => new PageOutcome(query.State.Pages > 0 ? [] : [query.First(room)]));
    }

    /// <summary>Makes the requests that follow a page: none, one, or a group of them.</summary>
    /// <param name="batch">Its batch.</param>
    /// <param name="page">The page.</param>
    /// <param name="reply">What came of it.</param>
    public async ValueTask<Spawned> ContinueAsync(ActiveBatch batch, UpstreamCall page, UpstreamReply reply)
    {
        if (!reply.IsSuccess && page.Request.Pagination is not { HasMaxPages: true })
        {
            return Spawned.None;
        }

        ids.TryParseRequest(page.Request.SpawnedBy, batch.Record, out var index);
        if (await FindAsync(batch, index, null) is not { } spawner)
        {
            // The batch was deleted.
            return Spawned.None;
        }

        var query = await OpenAsync(batch, index, page, spawner.Decode());
        int most;
        lock (query.State)
        {
            most = query.MostNext(page.Request);
        }

        var bytes = reply.Body.Length + reply.Headers.Length;
        return await SpawnAsync(batch, query, most, bytes, room => query.Next(page.Request, page.Route, reply, room));
    }

    // What the pages take is held before they are made, and what is not needed of it given back. The result is held until it
    // is stored, too: many may be on their way.
    private async ValueTask<Spawned> SpawnAsync(
        ActiveBatch batch,
        PagedQuery query,
        int most,
        int resultBytes,
        Func<PageRoom, PageOutcome> spawn)
    {
        var bytes = resultBytes + (most == 1 ? _limits.PathLength : RequestWindow.MaxBytes);
        var answer = await RetryAsync(batch, () => quotas.ReservePagesAsync(batch.Owner, most, bytes, CancellationToken.None));
        var lease = answer.Succeeded ? answer.Value : quotas.HoldBytes(batch.Owner, resultBytes);
        try
        {
            var room = new PageRoom(1 + (lease?.Requests ?? 0), answer.Succeeded ? null : answer.Refusal.Message);
            PageOutcome outcome;
            lock (query.State)
            {
                outcome = spawn(room);
            }

            var spawned = outcome.Requests;

            await RetryAsync(batch, () => batch.Numbers.AddAsync(spawned.Count, ids));
            lease?.Keep(Math.Max(0, spawned.Count - 1), resultBytes + spawned.Sum(request => (long)request.StoredBytes));
            return new Spawned(spawned, lease) { Instead = outcome.Instead };
        }
        catch
        {
            lease?.Dispose();
            throw;
        }
    }

    private async ValueTask<PagedQuery> OpenAsync(ActiveBatch batch, int index, UpstreamCall call, Request definition)
    {
        var id = ids.OfRequest(batch.Record, index);
        var state = await _queries.GetOrCreateValue(batch).GetAsync(
            index, () => LoadStateAsync(batch, id, PageRules.Of(call.Route.Upstream.Pagination, definition.Pagination)));
        var maxPages = definition.Pagination is { HasMaxPages: true } pagination
            ? Math.Min(pagination.MaxPages, batch.Record.SpawnerPages)
            : batch.Record.SpawnerPages;
        return new PagedQuery(
            new PageRows(definition, id, state.Rules, time.GetUtcNow().ToTimestamp()),
            maxPages,
            state,
            router,
            _limits.ResponseBytes);
    }

    private async Task<SpawnerState> LoadStateAsync(ActiveBatch batch, string id, PageRules rules)
    {
        var state = new SpawnerState(rules);
        var pages = await _queries.GetOrCreateValue(batch).GetSpawnedBeforeAsync(() => ListSpawnedAsync(batch));
        StoredRequest? stored = null;
        foreach (var index in pages[id])
        {
            stored = await FindAsync(batch, index, stored);
            if (stored is { } found)
            {
                var page = found.Decode();
                state.AddStored(page, PagedQuery.SizeOf(page, rules));
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
            if (await FindAsync(batch, next, null) is not { Window: var window })
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

    private ValueTask<StoredRequest?> FindAsync(ActiveBatch batch, int index, StoredRequest? atHand) =>
        RetryAsync(batch, () => requests.FindAsync(batch.Record, index, atHand, CancellationToken.None));

    // A store that fails for a while must not cost a page its answer.
    private ValueTask<T> RetryAsync<T>(ActiveBatch batch, Func<ValueTask<T>> read) =>
        StoreRetry.ReadAsync(read, time, batch.Stopping);
}
