using Batching.Engine.Committing;
using Batching.Engine.Delivery;
using Batching.Engine.Identifiers;
using Batching.Engine.Scheduling;
using Batching.Engine.Storage;
using Batching.Engine.Upstreams;
using Batching.V1;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Submission;

/// <summary>Accepts batches. Thread-safe.</summary>
public sealed class BatchSubmitter
{
    private readonly RequestValidator _validator;
    private readonly BatchIds _ids;
    private readonly GroupCommitter _committer;
    private readonly ActiveBatches _activeBatches;
    private readonly Scheduler _scheduler;
    private readonly BatchViews _views;
    private readonly ICredentialProtector _credentials;
    private readonly RetentionOptions _retention;
    private readonly LimitOptions _limits;
    private readonly TimeProvider _time;

    internal BatchSubmitter(
        RequestValidator validator,
        BatchIds ids,
        GroupCommitter committer,
        ActiveBatches activeBatches,
        Scheduler scheduler,
        BatchViews views,
        ICredentialProtector credentials,
        IOptions<BatchEngineOptions> options,
        TimeProvider time)
    {
        _validator = validator;
        _ids = ids;
        _committer = committer;
        _activeBatches = activeBatches;
        _scheduler = scheduler;
        _views = views;
        _credentials = credentials;
        _retention = options.Value.Retention;
        _limits = options.Value.Limits;
        _time = time;
    }

    /// <summary>
    /// Accepts a batch or refuses it whole. An accepted batch is durable when this returns, and its requests are
    /// about to run.
    /// </summary>
    /// <param name="caller">Who submits it.</param>
    /// <param name="requests">Its requests; only the caller's fields are read.</param>
    /// <param name="known">Problems found before, for example when JSON was read; the batch is refused if there are any.</param>
    /// <param name="cancellationToken">Gives up before anything is stored.</param>
    /// <returns>The batch with all its requests in the order given.</returns>
    /// <exception cref="StoreUnavailableException">Nothing was stored.</exception>
    public async ValueTask<Answer<Batch>> SubmitAsync(
        Caller caller,
        IReadOnlyList<Request> requests,
        IReadOnlyList<Problem> known,
        CancellationToken cancellationToken)
    {
        var problems = _validator.Validate(requests, known);
        if (problems.Count > 0)
        {
            return new Refusal.Invalid(problems);
        }

        if (caller.Authorization is not null && !HeaderRules.IsFieldValue(caller.Authorization))
        {
            return new Refusal.Invalid("authorization", "must not contain CR, LF or NUL");
        }

        // Each spawner gets its share of what the batch may spawn, at least one page, and one number more for how its query ends.
        var spawners = requests.Count(request => request.Spawner);
        var maxPages = spawners == 0 ? 0 : Math.Clamp(
            _limits.SpawnedRequestsPerBatch / spawners, 1, _limits.PagesPerSpawner);
        var definitions = requests.Select(request => ToDefinition(request, maxPages)).ToArray();
        var windows = RequestWindow.Encode(definitions, firstIndex: 0);
        var record = await CreateRecordAsync(
            caller, definitions.Length, definitions.Length + (spawners * (maxPages + 1)), cancellationToken);

        // From here on the caller may go away, but the batch is accepted whole or not at all. It is known before it is
        // stored, so that whoever finds it in the store can cancel it.
        var active = new ActiveBatch(record, caller.Authorization, _scheduler.Aborting);
        _activeBatches.Add(active);
        try
        {
            await _committer.WriteAsync(new StoreWrite.Accept(record, windows));
        }
        catch
        {
            _activeBatches.Remove(record.Key);
            throw;
        }

        _scheduler.Run(active);

        var batch = _views.ToBatch(record);
        for (var i = 0; i < definitions.Length; i++)
        {
            batch.Requests.Add(_views.ToRequest(record, i, definitions[i], RequestFields.All));
        }

        return batch;
    }

    private async ValueTask<BatchRecord> CreateRecordAsync(
        Caller caller, int count, int capacity, CancellationToken cancellationToken)
    {
        var key = await _ids.ReserveAsync(1 + capacity, cancellationToken);
        var now = DateTimeOffset.FromUnixTimeMilliseconds(_time.GetUtcNow().ToUnixTimeMilliseconds());
        return new BatchRecord
        {
            Key = key,
            Owner = caller.Owner,
            CreateTime = now,
            ExpireTime = now + _retention.Responses,
            DeleteTime = now + _retention.Metadata,
            Capacity = capacity,
            Total = count,
            Credential = caller.Authorization is null ? null : _credentials.Protect(caller.Authorization),
        };
    }

    // Only the caller's fields; the parts are shared, not copied.
    private static Request ToDefinition(Request request, int maxPages)
    {
        var definition = new Request
        {
            Path = request.Path,
            Method = Methods.Find(request.Method)!.Method,
            Params = request.Params,
            Body = request.Body,
        };
        definition.Headers.Add(request.Headers);
        if (request.Spawner)
        {
            definition.Spawner = true;
            definition.Pagination = request.Pagination?.Clone() ?? new Pagination();
            definition.Pagination.MaxPages = definition.Pagination.HasMaxPages
                ? Math.Min(definition.Pagination.MaxPages, maxPages)
                : maxPages;
        }

        return definition;
    }
}
