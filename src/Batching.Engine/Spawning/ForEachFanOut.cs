using System.Globalization;
using System.Runtime.CompilerServices;
using Batching.Engine.Configuration;
using Batching.Engine.Content;
using Batching.Engine.Dependencies;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.References;
using Batching.Engine.Running;
using Batching.Engine.Storage;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Spawning;

/// <summary>
/// Makes requests of the elements of lists, a group at a time: of the list in one result, or of those in the pages of a spawner as
/// they come. Thread-safe, but for the steps of one request.
/// </summary>
internal sealed class ForEachFanOut(
    RequestReader requests,
    ResultReader results,
    ReferenceResolver references,
    OwnerQuotas quotas,
    BatchIds ids,
    TimeProvider time,
    IOptions<BatchEngineOptions> options)
{
    // A commit, and what waits for it in memory, is no larger for a long list.
    private const int MaxGroup = RequestWindow.MaxCount;

    private readonly LimitOptions _limits = options.Value.Limits;

    // Kept for as long as anybody knows the batch.
    private readonly ConditionalWeakTable<ActiveBatch, ForEachStates> _states = [];

    /// <summary>Makes the next requests.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="index">The index of the request that has the list; what it depends on is done, but for the pages of its list.</param>
    /// <param name="definition">That request.</param>
    public async ValueTask<ForEachStep> StepAsync(ActiveBatch batch, int index, Request definition)
    {
        if (batch.Dependencies is not { } graph || Reference.Parse(definition.ForEach.Ref, out _) is not { } list)
        {
            throw new InvalidDataException("A stored request has no list.");
        }

        var id = ids.OfRequest(batch.Record, index);
        var states = _states.GetOrCreateValue(batch);
        var state = await states.GetAsync(index, () => LoadAsync(batch, states, id));
        while (true)
        {
            // Asked before it is looked for another one, so that the last one is found.
            var position = graph.FindPosition(list.Key, out var source);
            var isOver = graph.IsListOver(source, out var failed);
            if (state.Source == 0 && !await TryFindAsync(batch, graph, state, source, position))
            {
                if (!isOver)
                {
                    return ForEachStep.Wait;
                }

                states.Forget(index);
                return ForEachStep.Ended(failed && definition.RunWhen is RunWhen.Unspecified or RunWhen.Succeeded
                    ? UpstreamReply.FromFailure(
                        Failure.DependencyFailed, $"A page of {CallerText.Quote(list.Key)} has not succeeded.")
                    : UpstreamReply.FromSpawner());
            }

            var result = await RetryAsync(
                batch, () => state.Read.FindAsync(results, batch.Key, state.Source, _limits, batch.Stopping));
            var problem = "is to a response that has been deleted";
            var array = result?.FindList(list, out problem) ?? default;
            if (problem is not null)
            {
                return ForEachStep.Ended(UpstreamReply.FromFailure(
                    Failure.ReferenceNotFound, $"The reference {CallerText.Quote(list.Text)} {problem}."));
            }

            var elements = ReferencedValue.ReadElements(array, state.Item, MaxGroup);
            if (elements.Count > 0)
            {
                return await MakeAsync(batch, graph, state, definition, id, elements);
            }

            state.Source = 0;
            state.Item = 0;
        }
    }

    private async ValueTask<ForEachStep> MakeAsync(
        ActiveBatch batch,
        DependencyGraph graph,
        ForEachState state,
        Request definition,
        string id,
        List<ReadOnlyMemory<byte>> elements)
    {
        var most = Math.Min(
            _limits.ItemsPerForEach - state.Count, _limits.SpawnedRequestsPerBatch - (batch.Requests.Count - graph.Count));
        if (most <= 0)
        {
            return EndAtLimit(
                state,
                state.Count >= _limits.ItemsPerForEach
                    ? $"The list has more than {_limits.ItemsPerForEach} elements ({OptionKey.Of<LimitOptions>(nameof(LimitOptions.ItemsPerForEach))})."
                    : $"The batch has made as many requests as it may ({OptionKey.Of<LimitOptions>(nameof(LimitOptions.SpawnedRequestsPerBatch))}).");
        }

        var template = new RequestTemplate(definition, _limits);
        var (values, missing) = await RetryAsync(
            batch, () => references.FindAsync(batch, template, new ReferencedResults(), batch.Stopping));
        if (missing is not null)
        {
            return ForEachStep.Ended(UpstreamReply.FromFailure(Failure.ReferenceNotFound, missing));
        }

        // One more than is wanted: of pages the first takes the place of another one.
        var answer = await RetryAsync(batch, () => quotas.ReservePagesAsync(
            batch.Owner, Math.Min(most, elements.Count) + 1, RequestWindow.MaxBytes, CancellationToken.None));
        if (!answer.Succeeded)
        {
            return EndAtLimit(state, answer.Refusal.Message);
        }

        var lease = answer.Value;
        try
        {
            if (lease.Requests == 0)
            {
                lease.Dispose();
                return ForEachStep.Wait;
            }

            var spawned = new List<SpawnedRequest>();
            var source = await FindSourceIdAsync(batch, state.Source);
            long bytes = 0;
            for (var i = 0; i < elements.Count && spawned.Count < lease.Requests && bytes < RequestWindow.MaxBytes; i++)
            {
                var next = Make(template, definition, values, elements[i]);
                next.Row.SpawnedBy = id;
                next.Row.CreateTime = time.GetUtcNow().ToTimestamp();
                next.Row.Item = new ForEachItem { RequestId = source, Index = state.Item + i };
                spawned.Add(new SpawnedRequest(next.Row, next.End));
                bytes += spawned[^1].StoredBytes;
            }

            await RetryAsync(batch, () => batch.Numbers.AddAsync(spawned.Count, ids));
            lease.Keep(spawned.Count, bytes);
            state.Item += spawned.Count;
            state.Count += spawned.Count;
            return new ForEachStep(spawned, lease, End: null, Waits: false);
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    private (Request Row, UpstreamReply? End) Make(
        RequestTemplate template, Request definition, Dictionary<string, ReadOnlyMemory<byte>> values, ReadOnlyMemory<byte> element)
    {
        var ofElement = new Dictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);
        ResolvedRequest resolved = default;
        foreach (var reference in template.References.Where(template.IsToItem))
        {
            ofElement[reference.Text] = ReferencedValue.Find(
                element, reference.Pointer, _limits.ReferencedValueBytes, "element", out var problem);
            if (problem is not null)
            {
                resolved = new ResolvedRequest(
                    null, Failure.ReferenceNotFound, $"The reference {CallerText.Quote(reference.Text)} {problem}.");
                break;
            }
        }

        if (resolved.Failure == Failure.None)
        {
            resolved = references.Fill(
                template,
                new ReferenceFill(reference => template.IsToItem(reference) ? ofElement[reference.Text] : values[reference.Text]));
        }

        // One that can't be sent is shown as it was to be made. It is stored with its result, and so never sent.
        var row = resolved.Request ?? definition.Clone();
        row.ForEach = null;
        row.DependsOn.Clear();
        row.ClearRunWhen();
        row.ClearReferences();
        row.ClearKey();
        return (row, resolved.Request is null ? UpstreamReply.FromFailure(resolved.Failure, resolved.Message!) : null);
    }

    private static ForEachStep EndAtLimit(ForEachState state, string reason) => ForEachStep.Ended(UpstreamReply.FromFailure(
        Failure.ItemLimit,
        string.Create(CultureInfo.InvariantCulture, $"{reason} Requests were made of {state.Count} elements.")));

    // The next result that has elements: the one there is, or the next page that has succeeded.
    private async ValueTask<bool> TryFindAsync(ActiveBatch batch, DependencyGraph graph, ForEachState state, int source, int position)
    {
        if (!graph.HasPages(source))
        {
            state.Source = state.Next == 1 ? position : 0;
            state.Next = position + 1;
            return state.Source > 0;
        }

        var spawner = ids.OfRequest(batch.Record, source);
        StoredRequest? stored = null;
        var shown = new Request();
        await foreach (var segment in results.ReadEntriesAsync(batch.Key, state.Next, batch.Stopping))
        {
            for (var at = Math.Max(state.Next, segment.FirstPosition); at <= segment.LastPosition; at++)
            {
                state.Next = at + 1;
                var entry = segment[at];
                if (entry.Index < graph.Count || entry.Failed)
                {
                    continue;
                }

                stored = await RetryAsync(batch, () => requests.FindAsync(batch.Record, entry.Index, stored, batch.Stopping));
                stored?.ReadShown(shown, RequestFields.SpawnedBy);
                if (stored is not null && shown.SpawnedBy == spawner)
                {
                    state.Source = at;
                    return true;
                }
            }
        }

        return false;
    }

    private async ValueTask<string> FindSourceIdAsync(ActiveBatch batch, int position)
    {
        var segment = await RetryAsync(batch, () => results.ReadAsync(batch.Key, position, batch.Stopping));
        return segment is null ? "" : ids.OfRequest(batch.Record, segment[position].Index);
    }

    private async Task<ForEachState> LoadAsync(ActiveBatch batch, ForEachStates states, string id)
    {
        var state = new ForEachState();
        var before = await states.GetBeforeAsync(() => ListBeforeAsync(batch));
        if (!before.TryGetValue(id, out var made)
            || await RetryAsync(batch, () => requests.FindAsync(batch.Record, made.Last, atHand: null, batch.Stopping)) is not { } last
            || !ids.TryParseRequest(last.Decode().Item?.RequestId ?? "", batch.Record, out var source))
        {
            return state;
        }

        state.Count = made.Count;
        state.Item = last.Decode().Item.Index + 1;
        await foreach (var segment in results.ReadEntriesAsync(batch.Key, 1, batch.Stopping))
        {
            for (var at = segment.FirstPosition; at <= segment.LastPosition; at++)
            {
                if (segment[at].Index == source)
                {
                    (state.Source, state.Next) = (at, at + 1);
                    return state;
                }
            }
        }

        return state;
    }

    // All at once, so that a batch of very many lists is read only once.
    private async Task<Dictionary<string, (int Count, int Last)>> ListBeforeAsync(ActiveBatch batch)
    {
        var before = new Dictionary<string, (int Count, int Last)>(StringComparer.Ordinal);
        var shown = new Request();
        for (var next = batch.Dependencies!.Count; next < batch.Record.Total;)
        {
            if (await RetryAsync(batch, () => requests.ReadAsync(batch.Key, next, batch.Stopping)) is not { } window)
            {
                break;
            }

            for (; next < window.EndIndex; next++)
            {
                window.ReadShown(next, shown, RequestFields.SpawnedBy);
                before[shown.SpawnedBy] = (before.GetValueOrDefault(shown.SpawnedBy).Count + 1, next);
            }
        }

        return before;
    }

    // A store that fails for a while must not cost a list its requests.
    private ValueTask<T> RetryAsync<T>(ActiveBatch batch, Func<ValueTask<T>> read) =>
        StoreRetry.ReadAsync(read, time, batch.Stopping);
}
