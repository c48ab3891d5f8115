using System.Net.Http.Headers;
using Batching.Engine.Submission;

namespace Batching.Engine.Upstreams;

/// <summary>Makes the messages that go to the APIs. Thread-safe.</summary>
/// <param name="options">Which header fields they get.</param>
internal sealed class MessageBuilder(BatchEngineOptions options)
{
    private const string UserAgent = "Batch";

    /// <summary>The message that a call sends.</summary>
    /// <param name="call">The call.</param>
    /// <param name="progress">How far it has come.</param>
    public UpstreamMessage Build(UpstreamCall call, CallProgress progress)
    {
        var message = new UpstreamMessage(call.Method, call.Route.ToUri(), progress);
        var body = call.Request.Body;
        // A request that has no content is one that SocketsHttpHandler may send again by itself when a pooled
        // connection turns out to be closed. With content it doesn't, once it has begun to send it.
        if (body.Length > 0 || !Methods.IsIdempotent(call.Method))
        {
            message.Content = new ReadOnlyMemoryContent(body.Memory);
        }

        foreach (var (name, value) in call.Request.Headers)
        {
            if (!message.Headers.TryAddWithoutValidation(name, value))
            {
                // A field that HttpClient takes for one of the content goes out even if there is none.
                message.Content ??= new ReadOnlyMemoryContent(default);
                message.Content.Headers.TryAddWithoutValidation(name, value);
            }
        }

        if (body.Length > 0 && !message.Content!.Headers.NonValidated.Contains("Content-Type"))
        {
            message.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        }

        if (call.Authorization is not null && call.Route.Upstream.GetsCredential)
        {
            // HttpClient writes the value as it is, and a line break in it would begin another field.
            if (!HeaderRules.IsFieldValue(call.Authorization))
            {
                throw new ArgumentException("The credential is not a field value.", nameof(call));
            }

            message.Headers.TryAddWithoutValidation(options.CredentialHeader, call.Authorization);
        }

        AddOwnFields(message.Headers, call.Origin);
        return message;
    }

    private void AddOwnFields(HttpRequestHeaders headers, OriginFields? origin)
    {
        if (!headers.NonValidated.Contains(UpstreamMessage.CountedField))
        {
            headers.TryAddWithoutValidation(UpstreamMessage.CountedField, UserAgent);
        }

        if (origin is null)
        {
            return;
        }

        // A caller that traces its requests one by one has said which trace each belongs to.
        if (!headers.NonValidated.Contains("traceparent"))
        {
            headers.TryAddWithoutValidation("traceparent", origin.NewTraceParent());
        }

        if (options.Headers.ClientAddress == ClientAddressField.XForwardedFor && origin.ForwardedFor is { } forwardedFor)
        {
            headers.TryAddWithoutValidation("X-Forwarded-For", forwardedFor);
        }
        else if (options.Headers.ClientAddress == ClientAddressField.Forwarded && origin.Forwarded is { } forwarded)
        {
            headers.TryAddWithoutValidation("Forwarded", forwarded);
        }
    }
}
