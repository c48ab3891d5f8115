using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Storage;
using Batching.Engine.Submission;
using Batching.Engine.Webhooks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Drafts;

/// <summary>Makes a batch of a draft, or gives it up. Thread-safe.</summary>
internal sealed class DraftAcceptor(
    IEnumerable<IDraftReader> readers,
    RequestValidator validator,
    ReceiverRules receivers,
    OwnerQuotas quotas,
    BatchAcceptor acceptor,
    Staging staging,
    MemoryBudgets budgets,
    ICredentialProtector credentials,
    IOptions<BatchEngineOptions> options,
    TimeProvider time,
    ILogger<DraftAcceptor> logger)
{
    /// <summary>Reads the requests of a draft, and stages them bit by bit; goes on where an earlier attempt has ended.</summary>
    /// <returns>False if it has to be tried again.</returns>
    /// <exception cref="StoreUnavailableException">It has to be tried again.</exception>
    public async Task<bool> TryAcceptAsync(IDraftStore store, OpenDraft open, CancellationToken cancellationToken)
    {
        if (await store.FindDraftAsync(open.Owner, open.Key, cancellationToken) is not { EndTime: null } draft)
        {
            return true;
        }

        if (readers.FirstOrDefault(reader => reader.CanRead(draft)) is not { } reader)
        {
            DraftWorkLog.NoReader(logger);
            return true;
        }

        var authorization = draft.Credential is null ? null : credentials.Unprotect(draft.Credential);
        var requests = reader.Open(draft);
        var isLost = draft.Credential is not null && authorization is null;
        var caller = new Caller(draft.Owner, authorization) { Client = new ClientInfo(draft.Peer, draft.Trace) };
        var refusal = isLost
            ? new Refusal.Invalid("authorization", "can't be read any more: submit the batch again")
            : await ReadAsync(store, open, draft, requests, reader.TermsOf(draft), caller, cancellationToken);
        switch (refusal)
        {
            case null:
                return true;
            case Refusal.Exhausted exhausted when exhausted.Limit == budgets.RefuseReceiving().Limit:
                // There is no memory at the moment.
                return false;
            default:
                IReadOnlyList<Problem> problems = refusal is Refusal.Invalid invalid
                    ? invalid.Problems
                    : [new Problem("", refusal.Message)];
                await store.EndDraftAsync(
                    draft.Key, time.GetUtcNow(), requests.Encode(problems), CancellationToken.None);
                return true;
        }
    }

    private async Task<Refusal?> ReadAsync(
        IDraftStore store,
        OpenDraft open,
        BatchDraft draft,
        IDraftRequests requests,
        BatchTerms terms,
        Caller caller,
        CancellationToken cancellationToken)
    {
        var reserved = await quotas.ReserveAsync(caller.Owner, batches: 0, requests: 0, bytes: 0, cancellationToken);
        if (!reserved.Succeeded)
        {
            return reserved.Refusal;
        }

        using var lease = reserved.Value;
        var staged = await store.CountStagedAsync(draft.Key, cancellationToken);
        await using var upload = new Upload(
            lease, receivers, budgets, caller.Owner, validator, acceptor, staging, hash: null,
            isRepeat: false, options.Value.Limits, options.Value.Retention, (draft.Key, staged));
        await foreach (var part in requests.ReadAsync(cancellationToken))
        {
            var refusal = part.Problem is { } problem
                ? upload.AddBad(problem)
                : await upload.AddAsync(part.Requests, cancellationToken);
            if (refusal is not null)
            {
                return refusal;
            }
        }

        if (upload.Check(maxBytes: int.MaxValue) is { } problems)
        {
            return problems;
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (!open.TryAccept())
        {
            return null;
        }

        var accepted = await upload.AcceptAsync(
            caller, key: null, terms, submission: null, CancellationToken.None);
        return accepted.Refusal;
    }
}
