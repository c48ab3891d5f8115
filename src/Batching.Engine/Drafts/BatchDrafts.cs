using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Storage;
using Batching.Engine.Submission;
using Batching.V1;

namespace Batching.Engine.Drafts;

/// <summary>Submits batches whose requests are read later, and cancels them until then. Thread-safe.</summary>
public sealed class BatchDrafts
{
    private readonly IDraftStore _store;
    private readonly BatchIds _ids;
    private readonly OwnerQuotas _quotas;
    private readonly RequestValidator _validator;
    private readonly ICredentialProtector _credentials;
    private readonly DraftWork _work;
    private readonly TimeProvider _time;

    internal BatchDrafts(
        IDraftStore store,
        BatchIds ids,
        OwnerQuotas quotas,
        RequestValidator validator,
        ICredentialProtector credentials,
        DraftWork work,
        TimeProvider time)
    {
        _store = store;
        _ids = ids;
        _quotas = quotas;
        _validator = validator;
        _credentials = credentials;
        _work = work;
        _time = time;
    }

    /// <summary>
    /// Submits a batch whose requests an <see cref="IDraftReader"/> reads. It is durable when this returns, and is about to be read.
    /// </summary>
    /// <param name="caller">Who submits it.</param>
    /// <param name="example">A request as it will have: whether any can be accepted is found out now.</param>
    /// <param name="attributes">What its reader has to know, and what is shown of it.</param>
    /// <param name="retention">How long the draft is kept if it is given up.</param>
    /// <param name="cancellationToken">Gives up before anything is stored.</param>
    /// <exception cref="StoreUnavailableException">Nothing was stored.</exception>
    public async ValueTask<Outcome<AttributedBatch>> OpenAsync(
        Caller caller, Request example, byte[] attributes, TimeSpan retention, CancellationToken cancellationToken)
    {
        if ((_validator.Check(example, []) ?? RequestValidator.CheckCredential(caller)) is { } problem)
        {
            return problem;
        }

        var quota = await _quotas.ReserveAsync(
            caller.Owner, batches: 1, requests: 0, attributes.Length, cancellationToken);
        if (!quota.Succeeded)
        {
            return quota.Refusal;
        }

        var now = DateTimeOffset.FromUnixTimeMilliseconds(_time.GetUtcNow().ToUnixTimeMilliseconds());
        var draft = new BatchDraft
        {
            Key = await ReserveKeyAsync(quota.Value, cancellationToken),
            Owner = caller.Owner,
            CreateTime = now,
            DeleteTime = now + retention,
            Attributes = attributes,
            Credential = caller.Authorization is null ? null : _credentials.Protect(caller.Authorization),
            Peer = caller.Client.Peer,
            Trace = ForwardedFields.TryParse(caller.Client.TraceParent, out _) ? caller.Client.TraceParent : null,
        };

        // It is known before it is stored, so that whoever finds it in the store can cancel it.
        var open = new OpenDraft(draft.Key, draft.Owner, quota.Value);
        _work.Add(open);
        try
        {
            await _store.AddDraftAsync(draft, CancellationToken.None);
        }
        catch
        {
            _work.Remove(open);
            throw;
        }

        quota.Value.Keep(requests: 0, bytes: 0);
        _work.Begin(open);
        return ToBatch(draft);
    }

    /// <summary>Cancels a draft, or sees it become a batch.</summary>
    /// <returns>Whether it is given up now: cancelled, or for another reason before; false if it is a batch, or there is none.</returns>
    /// <exception cref="StoreUnavailableException">Nothing has changed.</exception>
    public async ValueTask<bool> TryCancelAsync(Caller caller, string id, CancellationToken cancellationToken)
    {
        if (!_ids.TryParseBatch(id, out var key)
            || await _store.FindDraftAsync(caller.Owner, key, cancellationToken) is not { } draft)
        {
            return false;
        }

        if (draft.EndTime is not null)
        {
            return true;
        }

        // One that nobody works on yet may be taken up at this moment, by who has not seen that it is cancelled.
        if (!await _work.TryStopAsync(key))
        {
            return false;
        }

        await _store.EndDraftAsync(key, _time.GetUtcNow(), problems: null, CancellationToken.None);
        return await _work.TryStopAsync(key);
    }

    private AttributedBatch ToBatch(BatchDraft draft) =>
        new(_ids.OfBatch(draft.Key), draft.Key, draft.Attributes) { Draft = draft };

    private async ValueTask<long> ReserveKeyAsync(QuotaLease quota, CancellationToken cancellationToken)
    {
        try
        {
            return await _ids.ReserveAsync(1, cancellationToken);
        }
        catch
        {
            quota.Dispose();
            throw;
        }
    }
}
