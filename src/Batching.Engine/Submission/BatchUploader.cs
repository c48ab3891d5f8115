using System.Diagnostics;
using Batching.Engine.Configuration;
using Batching.Engine.Delivery;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Storage;
using Batching.Engine.Telemetry;
using Batching.Engine.Webhooks;
using Batching.V1;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Submission;

/// <summary>Accepts batches that arrive in many messages. Thread-safe.</summary>
public sealed class BatchUploader
{
    private readonly RequestValidator _validator;
    private readonly ReceiverRules _receivers;
    private readonly OwnerQuotas _quotas;
    private readonly BatchAcceptor _acceptor;
    private readonly SubmissionKeys _keys;
    private readonly Staging _staging;
    private readonly BatchViews _views;
    private readonly MemoryBudgets _budgets;
    private readonly LimitOptions _limits;
    private readonly RetentionOptions _retention;
    private readonly TimeProvider _time;

    internal BatchUploader(
        RequestValidator validator,
        ReceiverRules receivers,
        OwnerQuotas quotas,
        BatchAcceptor acceptor,
        SubmissionKeys keys,
        Staging staging,
        BatchViews views,
        MemoryBudgets budgets,
        IOptions<BatchEngineOptions> options,
        TimeProvider time)
    {
        _validator = validator;
        _receivers = receivers;
        _quotas = quotas;
        _acceptor = acceptor;
        _keys = keys;
        _staging = staging;
        _views = views;
        _budgets = budgets;
        _limits = options.Value.Limits;
        _retention = options.Value.Retention;
        _time = time;
    }

    /// <summary>
    /// Accepts a batch or refuses it whole. An accepted batch is durable when this returns, and its requests are about
    /// to run; of any other nothing is kept. One that was accepted before with the same key is the answer as it is now.
    /// </summary>
    /// <param name="caller">Who submits it.</param>
    /// <param name="idempotencyKey">What it is recognised by if it is submitted again; null for nothing.</param>
    /// <param name="messages">
    /// Its requests, a message at a time; only the caller's fields are read. Of what is said of the batch as a whole the first one counts.
    /// Its end is the end of the batch. It has to heed its cancellation token, with which it is told that it takes too long.
    /// </param>
    /// <param name="shutdown">Ends the upload because the gateway stops.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    /// <returns>The batch without its requests.</returns>
    /// <exception cref="StoreUnavailableException">It is not accepted.</exception>
    public ValueTask<Outcome<Batch>> UploadAsync(
        Caller caller,
        string? idempotencyKey,
        IAsyncEnumerable<UploadBatchRequest> messages,
        CancellationToken shutdown,
        CancellationToken cancellationToken) =>
        UploadMessagesAsync(caller, idempotencyKey, terms: null, messages, shutdown, cancellationToken);

    /// <summary>The same of requests alone, on terms of a dialect.</summary>
    /// <inheritdoc cref="UploadAsync(Caller, string?, IAsyncEnumerable{UploadBatchRequest}, CancellationToken, CancellationToken)"/>
    public ValueTask<Outcome<Batch>> UploadAsync(
        Caller caller,
        BatchTerms terms,
        IAsyncEnumerable<IReadOnlyList<Request>> messages,
        CancellationToken shutdown,
        CancellationToken cancellationToken) =>
        UploadMessagesAsync(
            caller,
            idempotencyKey: null,
            terms,
            messages.Select(static requests => new UploadBatchRequest { Requests = { requests } }),
            shutdown,
            cancellationToken);

    private ValueTask<Outcome<Batch>> UploadMessagesAsync(
        Caller caller,
        string? idempotencyKey,
        BatchTerms? terms,
        IAsyncEnumerable<UploadBatchRequest> messages,
        CancellationToken shutdown,
        CancellationToken cancellationToken) =>
        BatchActivities.AreWanted
            ? UploadRecordedAsync(caller, idempotencyKey, terms, messages, shutdown, cancellationToken)
            : UploadAsync(caller, idempotencyKey, terms, messages, submission: null, shutdown, cancellationToken);

    private async ValueTask<Outcome<Batch>> UploadRecordedAsync(
        Caller caller,
        string? idempotencyKey,
        BatchTerms? terms,
        IAsyncEnumerable<UploadBatchRequest> messages,
        CancellationToken shutdown,
        CancellationToken cancellationToken)
    {
        using var submission = BatchActivities.StartSubmission(BatchActivities.SubmitName, caller.Client);
        return await submission.WatchAsync(
            UploadAsync(caller, idempotencyKey, terms, messages, submission, shutdown, cancellationToken));
    }

    private async ValueTask<Outcome<Batch>> UploadAsync(
        Caller caller,
        string? idempotencyKey,
        BatchTerms? terms,
        IAsyncEnumerable<UploadBatchRequest> messages,
        Activity? submission,
        CancellationToken shutdown,
        CancellationToken cancellationToken)
    {
        if (RequestValidator.CheckCredential(caller) is { } badCredential)
        {
            return badCredential;
        }

        var stream = _quotas.OpenStream(caller.Owner);
        if (!stream.Succeeded)
        {
            return stream.Refusal;
        }

        using var open = stream.Value;
        // Of a batch that is there the messages are only compared. It may be what the quotas are used up by.
        var isRepeat = await _keys.HasAsync(caller.Owner, idempotencyKey, cancellationToken);
        var reserved = await _quotas.ReserveAsync(
            caller.Owner, batches: isRepeat ? 0 : 1, requests: 0, bytes: 0, cancellationToken);
        if (!reserved.Succeeded)
        {
            return reserved.Refusal;
        }

        using var lease = reserved.Value;
        using var hash = idempotencyKey is null ? null : new ContentHash();
        await using var upload = new Upload(
            lease, _receivers, _budgets, caller.Owner, _validator, _acceptor, _staging, hash, isRepeat, _limits, _retention);
        if ((await ReadAsync(upload, messages, shutdown, cancellationToken) ?? upload.Check()) is { } refusal)
        {
            return refusal;
        }

        var key = hash is null ? null : new SubmissionKey(idempotencyKey!, hash.Finish(upload.Terms));
        if (await _keys.FindAsync(caller.Owner, key, cancellationToken) is { } before)
        {
            return Show(before);
        }

        if (isRepeat)
        {
            // It was deleted while this one came, of which nothing was kept.
            return Show(await _keys.FindOtherAsync(caller.Owner, key, cancellationToken));
        }

        try
        {
            return Show(await upload.AcceptAsync(caller, key, terms, submission, cancellationToken));
        }
        catch (SubmissionKeyTakenException)
        {
            return Show(await _keys.FindOtherAsync(caller.Owner, key, cancellationToken));
        }
    }

    private Outcome<Batch> Show(Outcome<BatchRecord> before) =>
        before.Succeeded ? _views.ToFullBatch(before.Value) : before.Refusal;

    // The clock for a message runs only while it is waited for: a store that is behind is not the client's fault.
    private async ValueTask<Refusal?> ReadAsync(
        Upload upload,
        IAsyncEnumerable<UploadBatchRequest> messages,
        CancellationToken shutdown,
        CancellationToken cancellationToken)
    {
        var begun = _time.GetTimestamp();
        using var patience = new Patience(_time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, shutdown, cancellationToken);
        await using var message = messages.GetAsyncEnumerator(either.Token);
        while (true)
        {
            var left = _limits.UploadTime - _time.GetElapsedTime(begun);
            if (left <= TimeSpan.Zero)
            {
                return TookTooLong();
            }

            patience.Begin(left < _limits.UploadIdleTime ? left : _limits.UploadIdleTime);
            try
            {
                if (!await message.MoveNextAsync())
                {
                    return null;
                }
            }
            catch (OperationCanceledException)
                when (either.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                return shutdown.IsCancellationRequested
                    ? new Refusal.Unavailable("The gateway is stopping. Nothing of the upload was kept; try again later.")
                    : left < _limits.UploadIdleTime ? TookTooLong() : WasIdle();
            }

            patience.End();
            if ((await upload.ReadTermsAsync(message.Current, cancellationToken) ?? await upload.AddAsync(message.Current.Requests, cancellationToken)) is { } refusal)
            {
                return refusal;
            }
        }
    }

    private Refusal.TooSlow TookTooLong() =>
        new($"The upload was not complete within {_limits.UploadTime}. Nothing of it was kept.");

    private Refusal.TooSlow WasIdle() =>
        new($"No message of the upload came within {_limits.UploadIdleTime}. Nothing of it was kept.");
}
