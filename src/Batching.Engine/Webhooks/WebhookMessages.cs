using Batching.Engine.Committing;
using Batching.Engine.Configuration;
using Batching.Engine.Delivery;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Webhooks;

/// <summary>Shows the messages that tell owners of their batches, and sends them once more. Thread-safe.</summary>
public sealed class WebhookMessages
{
    private readonly IBatchStore _store;
    private readonly BatchFinder _finder;
    private readonly BatchIds _ids;
    private readonly GroupCommitter _committer;
    private readonly WebhookSecrets _secrets;
    private readonly TimeSpan _retryFor;
    private readonly TimeProvider _time;

    internal WebhookMessages(
        IBatchStore store,
        BatchFinder finder,
        BatchIds ids,
        GroupCommitter committer,
        WebhookSecrets secrets,
        IOptions<BatchEngineOptions> options,
        TimeProvider time)
    {
        _store = store;
        _finder = finder;
        _ids = ids;
        _committer = committer;
        _secrets = secrets;
        _retryFor = options.Value.Webhooks.RetryFor;
        _time = time;
    }

    /// <summary>Lists the messages of a batch.</summary>
    public async ValueTask<Outcome<ListWebhookMessagesResponse>> ListAsync(
        Caller caller, string batchId, CancellationToken cancellationToken)
    {
        var found = await _finder.FindAsync(caller, batchId, cancellationToken);
        if (!found.Succeeded)
        {
            return found.Refusal;
        }

        var messages = await _store.Webhooks.ListMessagesAsync(found.Value.Key, cancellationToken);
        return new ListWebhookMessagesResponse { Messages = { messages.Select(View) } };
    }

    /// <summary>Has a message sent once more. That is durable when this returns.</summary>
    /// <exception cref="StoreUnavailableException">Nothing has changed.</exception>
    public async ValueTask<Outcome<ResendWebhookMessageResponse>> ResendAsync(
        Caller caller, string batchId, string messageId, CancellationToken cancellationToken)
    {
        var found = await _finder.FindAsync(caller, batchId, cancellationToken);
        if (!found.Succeeded)
        {
            return found.Refusal;
        }

        var messages = await _store.Webhooks.ListMessagesAsync(found.Value.Key, cancellationToken);
        if (messages.FirstOrDefault(message => _ids.OfMessage(message) == messageId) is not { } chosen)
        {
            return new Refusal.NotFound("webhook message", messageId);
        }

        var now = DateTimeOffset.FromUnixTimeMilliseconds(_time.GetUtcNow().ToUnixTimeMilliseconds());
        await _committer.WriteAsync(new StoreWrite.Resend(chosen.BatchKey, chosen.Event, now, now + _retryFor));
        return new ResendWebhookMessageResponse
        {
            Message = View(chosen with { State = Model.WebhookState.Waiting, Attempts = 0, LastAttempt = null, NextTime = now }),
        };
    }

    /// <summary>Reads the secret that the caller's messages are signed with.</summary>
    public Outcome<GetWebhookSecretResponse> GetSecret(Caller caller) => _secrets.AreConfigured
        ? new Refusal.NotThere(
            "The secret is configured by the operator of the gateway, who hands it out "
            + $"({OptionKey.Of<WebhookOptions>(nameof(WebhookOptions.Secret))}).")
        : new GetWebhookSecretResponse { Secret = SigningSecret.ToText(_secrets.Of(caller.Owner)[0]) };

    private V1.WebhookMessage View(Model.WebhookMessage message) => new()
    {
        Id = _ids.OfMessage(message),
        Event = BatchEventNames.NameOf(message.Event),
        Url = message.Url,
        State = (V1.WebhookState)message.State,
        CreateTime = message.CreateTime.ToTimestamp(),
        Attempts = message.Attempts,
        AttemptTime = message.LastAttempt?.Time.ToTimestamp(),
        StatusCode = message.LastAttempt?.StatusCode ?? 0,
        Error = message.LastAttempt?.Error ?? "",
        NextAttemptTime = message.State == Model.WebhookState.Waiting ? message.NextTime.ToTimestamp() : null,
    };
}
