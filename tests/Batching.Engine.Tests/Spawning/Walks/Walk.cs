using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Running;
using Batching.Engine.Spawning;
using Batching.Engine.Upstreams;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Engine.Tests.Spawning.Walks;

/// <summary>Runs one query against a simulated API, as the engine does: pages side by side end in any order.</summary>
internal sealed class Walk(WalkPlan plan, Random random, UpstreamRouter router)
{
    private const int MaxPages = 200;

    private readonly Request _spawner = new()
    {
        Path = "/items",
        Method = "GET",
        Spawner = true,
        ParamsJson = plan.Cap is { } cap ? $$"""{"{{(plan.Style == PaginationStyle.Page ? "page_size" : "limit")}}": {{cap}}}""" : "{}",
        Pagination = ToPagination(plan),
    };

    private readonly List<Request> _stored = [];
    private readonly List<Request> _underWay = [];

    /// <summary>The items that the caller gets, in the order in which their pages ended.</summary>
    public List<int> Items { get; } = [];

    /// <summary>What the results say that are errors.</summary>
    public List<string> Errors { get; } = [];

    public int Calls { get; private set; }

    public void Run()
    {
        var api = new SimulatedApi(plan);
        var query = Open();
        Take([query.First(new PageRoom(1, null))], query);
        while (_underWay.Count > 0)
        {
            var at = random.Next(_underWay.Count);
            var page = _underWay[at];
            _underWay.RemoveAt(at);
            Assert.True(router.TryRoute(page, out var route, out var problem), problem?.Message);
            using var reply = api.Answer(route.PathAndQuery);
            Calls++;
            var outcome = query.Next(page, route, reply, new PageRoom(1 + random.Next(20), null));
            if (outcome.Instead is { } instead)
            {
                Errors.Add($"{instead.Failure}: {System.Text.Encoding.UTF8.GetString(instead.Body.Span)}");
            }
            else
            {
                Items.AddRange(SimulatedApi.ItemsOf(reply));
            }

            Take(outcome.Requests, query);
            if (plan.Restarts && random.Next(4) == 0)
            {
                query = Open();
            }
        }
    }

    private void Take(IEnumerable<SpawnedRequest> spawned, PagedQuery query)
    {
        foreach (var request in spawned)
        {
            if (request.End is { } end)
            {
                Errors.Add($"{end.Failure}: {System.Text.Encoding.UTF8.GetString(end.Body.Span)}");
            }
            else
            {
                Assert.True(query.State.Pages <= MaxPages);
                _stored.Add(request.Row);
                _underWay.Add(PageRow.ToRequest(request.Row, _spawner));
            }
        }
    }

    // As after a restart: what is known follows from what is stored.
    private PagedQuery Open()
    {
        var rules = PageRules.Of(new PaginationOptions(), _spawner.Pagination);
        var state = new SpawnerState(rules);
        foreach (var row in _stored)
        {
            var page = PageRow.ToRequest(row, _spawner);
            state.AddStored(page, PagedQuery.SizeOf(page, rules));
        }

        return new PagedQuery(
            new PageRows(_spawner, "1", rules, new Timestamp()), MaxPages, state, router, maxPageBytes: 1 << 20);
    }

    private static Pagination ToPagination(WalkPlan plan)
    {
        var pagination = new Pagination { Style = plan.Style, PageSize = plan.PageSize, Sequential = plan.Sequential };
        if (plan is { IsStepped: true, Told: not null })
        {
            pagination.TotalPointer = "/total";
        }

        return pagination;
    }
}
