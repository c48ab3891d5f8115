using System.Diagnostics;
using System.Net.Http.Headers;
using Batching.Engine.Configuration;
using Batching.Engine.Content;
using Batching.Engine.Model;

namespace Batching.Engine.Upstreams;

/// <summary>Makes the messages that go to the APIs. Thread-safe.</summary>
/// <param name="options">Which header fields they get.</param>
internal sealed class MessageBuilder(BatchEngineOptions options)
{
    private const string UserAgent = "Batch";
    private const string Accept = "application/json, */*;q=0.8";

    /// <summary>The message that a call sends.</summary>
    /// <param name="call">The call.</param>
    /// <param name="progress">How far it has come.</param>
    /// <param name="attempt">The activity that sends it; null if there is none.</param>
    public UpstreamMessage Build(UpstreamCall call, CallProgress progress, Activity? attempt)
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

        AddOwnFields(message.Headers, call.Forwarded, attempt);
        if (call.Request is { SpawnedBy.Length: > 0, Item: null } && call.Route.Upstream is { Pagination.ForwardedFields: true } upstream)
        {
            AddForwardedFields(message.Headers, upstream);
        }

        return message;
    }

    // The next URLs of a page lead back here if the API knows where "here" is.
    private static void AddForwardedFields(HttpRequestHeaders headers, Upstream upstream)
    {
        headers.TryAddWithoutValidation("X-Forwarded-Host", upstream.Authority);
        headers.TryAddWithoutValidation("X-Forwarded-Proto", upstream.Scheme);
        if (upstream.BasePath.Length > 0)
        {
            headers.TryAddWithoutValidation("X-Forwarded-Prefix", upstream.BasePath);
        }
    }

    private void AddOwnFields(HttpRequestHeaders headers, ForwardedFields? fields, Activity? attempt)
    {
        if (!headers.NonValidated.Contains(UpstreamMessage.CountedField))
        {
            headers.TryAddWithoutValidation(UpstreamMessage.CountedField, UserAgent);
        }

        // Without one some servers choose a form for browsers. Whatever else there is does as well.
        if (!headers.NonValidated.Contains("Accept"))
        {
            headers.TryAddWithoutValidation("Accept", Accept);
        }

        if (fields is null)
        {
            return;
        }

        // A caller that traces its requests one by one has said which trace each belongs to.
        if (!headers.NonValidated.Contains("traceparent"))
        {
            headers.TryAddWithoutValidation(
                "traceparent", attempt is { Recorded: true } ? attempt.Id : fields.NewTraceParent());
        }

        if (options.Headers.ClientAddress == ClientAddressField.XForwardedFor && fields.ForwardedFor is { } forwardedFor)
        {
            headers.TryAddWithoutValidation("X-Forwarded-For", forwardedFor);
        }
        else if (options.Headers.ClientAddress == ClientAddressField.Forwarded && fields.Forwarded is { } forwarded)
        {
            headers.TryAddWithoutValidation("Forwarded", forwarded);
        }
    }
}
