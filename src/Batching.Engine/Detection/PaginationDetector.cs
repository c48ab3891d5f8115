using System.Text;
using Batching.Engine.Configuration;
using Batching.Engine.Keyed;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Spawning;
using Batching.Engine.Submission;
using Batching.Engine.Upstreams;
using Batching.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Detection;

/// <summary>
/// Tries spawners without running them: asks for the first page, as a keyed batch makes a call, and says where the query
/// would go on. Nothing is stored. Thread-safe.
/// </summary>
public sealed class PaginationDetector
{
    // A page is known by the id of its spawner, and here is none. Nobody is shown it.
    private const string SpawnerId = "0";

    private static readonly PageRoom OnePage = new(1, null);

    private readonly RequestValidator _validator;
    private readonly KeyedBatchRunner _runner;
    private readonly UpstreamRouter _router;
    private readonly WorkTurns _work;
    private readonly LimitOptions _limits;

    internal PaginationDetector(
        RequestValidator validator,
        KeyedBatchRunner runner,
        UpstreamRouter router,
        MemoryBudgets budgets,
        IOptions<BatchEngineOptions> options)
    {
        _validator = validator;
        _runner = runner;
        _router = router;
        _work = budgets.Work;
        _limits = options.Value.Limits;
    }

    /// <summary>The same, with an answer that is one message.</summary>
    /// <inheritdoc cref="DetectAsync(Caller, Request, IReadOnlyList{Problem}, long, CancellationToken)"/>
    public Task<Outcome<DetectPaginationResponse>> DetectAsync(
        Caller caller, Request? spawner, IReadOnlyList<Problem> known, CancellationToken cancellationToken) =>
        DetectAsync(caller, spawner, known, _limits.MessageBytes, cancellationToken);

    /// <summary>Asks for the first page of a spawner, and says what would follow it.</summary>
    /// <param name="caller">Who calls.</param>
    /// <param name="spawner">The spawner; only the caller's fields are read. It is changed.</param>
    /// <param name="known">Problems found before, for example when JSON was read; it is refused if there are any.</param>
    /// <param name="maxBytes">
    /// Bytes that the answer may take as a message; <see cref="long.MaxValue"/> if it is not sent as one.
    /// </param>
    /// <param name="cancellationToken">The caller has gone: the call is aborted.</param>
    /// <exception cref="OperationCanceledException">The caller has gone.</exception>
    public async Task<Outcome<DetectPaginationResponse>> DetectAsync(
        Caller caller,
        Request? spawner,
        IReadOnlyList<Problem> known,
        long maxBytes,
        CancellationToken cancellationToken)
    {
        if (spawner is null)
        {
            return new Refusal.Invalid("request", "is required");
        }

        spawner.Spawner = true;
        using (await _work.TakeAsync(caller.Owner, spawner.CalculateSize(), cancellationToken))
        {
            if ((RequestValidator.CheckCredential(caller) ?? _validator.Check(spawner, known)) is { } refusal)
            {
                return refusal;
            }
        }

        RequestDefinition.Sanitize(spawner);
        _router.TryRoute(spawner, out var target, out _);
        var options = target.Upstream.Pagination;
        var rules = PageRules.Of(options, spawner.Pagination);
        var rows = new PageRows(spawner, SpawnerId, rules, new Timestamp());
        var query = new PagedQuery(rows, MaxPagesOf(spawner), new SpawnerState(rules), _router, _limits.ResponseBytes);
        var page = query.First(OnePage).Definition!;
        if (!_router.TryRoute(page, out var route, out var problem))
        {
            return new Refusal.Invalid($"request.{problem.Field}", problem.Message);
        }

        var answer = await _runner.RunAsync(caller, route, page, cancellationToken);
        if (!answer.Succeeded)
        {
            return answer.Refusal;
        }

        using var run = answer.Value;
        var response = run.Responses[0]!;
        var found = new DetectPaginationResponse { StatusCode = response.StatusCode, Error = response.Error };
        var said = PageRules.Merge(options, spawner.Pagination);
        if (run.FindReply(0) is { IsSuccess: true } reply)
        {
            using var turn = await _work.TakeAsync(caller.Owner, reply.Body.Length, cancellationToken);
            AddNext(found, query.Next(page, route, reply, OnePage), rows);
            var body = ReadBody(reply);
            if (query.CountItems(body.Span) is { } items)
            {
                found.Items = items;
            }

            AddRule(found, query.State, said, body.Span);
        }
        else
        {
            AddRule(found, query.State, said, default);
        }

        return Fit(found, maxBytes);
    }

    private int MaxPagesOf(Request spawner) => spawner.Pagination is { HasMaxPages: true } pagination
        ? Math.Min(pagination.MaxPages, _limits.PagesPerSpawner)
        : _limits.PagesPerSpawner;

    private void AddNext(DetectPaginationResponse found, PageOutcome outcome, PageRows rows)
    {
        if (outcome.Requests is not [var next, ..])
        {
            return;
        }

        var page = rows.ToPage(next.Row);
        if (next.End is { } end)
        {
            found.Error = end.Failure.ToStatus(Encoding.UTF8.GetString(end.Body.Span));
        }
        else if (_router.TryRoute(page, out var route, out var problem))
        {
            found.NextPage = new Request
            {
                Path = route.PathAndQuery,
                Method = page.Method,
                Headers = { next.Row.Headers },
                Body = page.Body,
            };
        }
        else
        {
            found.Error = Failure.BadNextPage.ToStatus($"The path of the page {problem.Message}.");
        }
    }

    // Empty if it can't be decoded.
    private ReadOnlyMemory<byte> ReadBody(UpstreamReply reply)
    {
        try
        {
            return PageBody.Read(reply, _limits.ResponseBytes);
        }
        catch (FormatException)
        {
            return default;
        }
    }

    // What was said holds, and of a query about which nothing was said what was found.
    private static void AddRule(
        DetectPaginationResponse found, SpawnerState state, Pagination said, ReadOnlySpan<byte> body)
    {
        var rules = state.Rules;
        if (rules.Style == PaginationStyle.Auto)
        {
            if (state.Rule is null)
            {
                found.Style = PaginationStyle.Auto;

                // Where the items are is said all the same, also of a collection that is only one page.
                if (said.HasItemsPointer)
                {
                    said.Style = PaginationStyle.Auto;
                    said.Preset = "";
                    found.Pagination = said;
                }

                return;
            }

            said.MergeFrom(state.Rule.ToPagination());
        }
        else
        {
            said.Style = rules.Style;
        }

        found.Style = said.Style;
        found.Rule = state.Rule?.Name
            ?? (found.NextPage is null ? "" : rules.Style == PaginationStyle.Range ? "Range" : rules.StepParam);
        found.Preset = PresetFinder.Find(said, body) ?? "";
        said.Preset = "";
        found.Pagination = said;
    }

    private static DetectPaginationResponse Fit(DetectPaginationResponse found, long maxBytes)
    {
        if (found.NextPage is { Body.IsEmpty: false } next && found.CalculateSize() > maxBytes)
        {
            next.Body = ByteString.Empty;
            found.BodyOmitted = true;
        }

        return found;
    }
}
