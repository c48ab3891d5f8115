using System.Diagnostics;
using Batching.Engine.Configuration;
using Batching.Engine.Delivery;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Telemetry;
using Batching.V1;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Submission;

/// <summary>Accepts batches that arrive in many messages. Thread-safe.</summary>
public sealed class BatchUploader
{
    private readonly RequestValidator _validator;
    private readonly OwnerQuotas _quotas;
    private readonly BatchAcceptor _acceptor;
    private readonly Staging _staging;
    private readonly BatchViews _views;
    private readonly MemoryBudgets _budgets;
    private readonly LimitOptions _limits;
    private readonly TimeProvider _time;

    internal BatchUploader(
        RequestValidator validator,
        OwnerQuotas quotas,
        BatchAcceptor acceptor,
        Staging staging,
        BatchViews views,
        MemoryBudgets budgets,
        IOptions<BatchEngineOptions> options,
        TimeProvider time)
    {
        _validator = validator;
        _quotas = quotas;
        _acceptor = acceptor;
        _staging = staging;
        _views = views;
        _budgets = budgets;
        _limits = options.Value.Limits;
        _time = time;
    }

    /// <summary>
    /// Accepts a batch or refuses it whole. An accepted batch is durable when this returns, and its requests are about
    /// to run; of any other nothing is kept.
    /// </summary>
    /// <param name="caller">Who submits it.</param>
    /// <param name="messages">
    /// Its requests, a message at a time; only the caller's fields are read. Its end is the end of the batch. It has to
    /// heed its cancellation token, with which it is told that it takes too long.
    /// </param>
    /// <param name="shutdown">Ends the upload because the gateway stops.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    /// <returns>The batch without its requests.</returns>
    /// <exception cref="Storage.StoreUnavailableException">It is not accepted.</exception>
    public ValueTask<Outcome<Batch>> UploadAsync(
        Caller caller,
        IAsyncEnumerable<IReadOnlyList<Request>> messages,
        CancellationToken shutdown,
        CancellationToken cancellationToken) =>
        UploadAsync(caller, terms: null, messages, shutdown, cancellationToken);

    /// <summary>The same, on terms of its own.</summary>
    /// <inheritdoc cref="UploadAsync(Caller, IAsyncEnumerable{IReadOnlyList{Request}}, CancellationToken, CancellationToken)"/>
    public ValueTask<Outcome<Batch>> UploadAsync(
        Caller caller,
        BatchTerms? terms,
        IAsyncEnumerable<IReadOnlyList<Request>> messages,
        CancellationToken shutdown,
        CancellationToken cancellationToken) =>
        BatchActivities.AreWanted
            ? UploadRecordedAsync(caller, terms, messages, shutdown, cancellationToken)
            : UploadAsync(caller, terms, messages, submission: null, shutdown, cancellationToken);

    private async ValueTask<Outcome<Batch>> UploadRecordedAsync(
        Caller caller,
        BatchTerms? terms,
        IAsyncEnumerable<IReadOnlyList<Request>> messages,
        CancellationToken shutdown,
        CancellationToken cancellationToken)
    {
        using var submission = BatchActivities.StartSubmission(BatchActivities.SubmitName, caller.Client);
        return await submission.WatchAsync(UploadAsync(caller, terms, messages, submission, shutdown, cancellationToken));
    }

    private async ValueTask<Outcome<Batch>> UploadAsync(
        Caller caller,
        BatchTerms? terms,
        IAsyncEnumerable<IReadOnlyList<Request>> messages,
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
        var reserved = await _quotas.ReserveAsync(caller.Owner, batches: 1, requests: 0, bytes: 0, cancellationToken);
        if (!reserved.Succeeded)
        {
            return reserved.Refusal;
        }

        using var lease = reserved.Value;
        await using var upload = new Upload(
            lease, _budgets, caller.Owner, _validator, _acceptor, _staging, _limits);
        if (await ReadAsync(upload, messages, shutdown, cancellationToken) is { } refusal)
        {
            return refusal;
        }

        var accepted = await upload.AcceptAsync(caller, terms, submission, cancellationToken);
        return accepted.Succeeded ? _views.ToBatch(accepted.Value) : accepted.Refusal;
    }

    // The clock for a message runs only while it is waited for: a store that is behind is not the client's fault.
    private async ValueTask<Refusal?> ReadAsync(
        Upload upload,
        IAsyncEnumerable<IReadOnlyList<Request>> messages,
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
            if (await upload.AddAsync(message.Current, cancellationToken) is { } refusal)
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
