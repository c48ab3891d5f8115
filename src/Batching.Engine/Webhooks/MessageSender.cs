using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Engine.Upstreams;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Webhooks;

/// <summary>Makes single attempts to send messages. Thread-safe.</summary>
internal sealed class MessageSender : IDisposable
{
    // Of an answer only the head is read. What follows is thrown away, so that the connection can be used again, but not more.
    private const int MaxDrainBytes = 64 * 1024;

    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(1);

    private readonly ReceiverRules _rules;
    private readonly WebhookSecrets _secrets;
    private readonly BatchIds _ids;
    private readonly TimeProvider _time;
    private readonly TimeSpan _timeout;
    private readonly HttpMessageInvoker _invoker;

    public MessageSender(
        ReceiverRules rules, WebhookSecrets secrets, BatchIds ids, IOptions<BatchEngineOptions> options, TimeProvider time)
    {
        var webhooks = options.Value.Webhooks;
        _rules = rules;
        _secrets = secrets;
        _ids = ids;
        _time = time;
        _timeout = webhooks.Timeout;
        var connector = new ReceiverConnector(webhooks.AllowPrivateAddresses);
        _invoker = new HttpMessageInvoker(new SocketsHttpHandler
        {
            // Each would lead to hosts that nobody has checked.
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ActivityHeadersPropagator = null,
            ConnectTimeout = webhooks.Timeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(1),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(15),
            MaxResponseHeadersLength = 16,
            MaxResponseDrainSize = MaxDrainBytes,
            ResponseDrainTimeout = DrainTimeout,
            ConnectCallback = (context, cancellationToken) =>
                connector.ConnectAsync(context.DnsEndPoint, cancellationToken),
        });
    }

    /// <summary>Sends a message once.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled; the receiver may have got the message.</exception>
    public async Task<AttemptResult> SendAsync(WebhookMessage message, CancellationToken cancellationToken)
    {
        var url = new Uri(message.Url);
        if (_rules.FindRefusal(url) is { } refusal)
        {
            return new AttemptResult(0, $"The URL {refusal}.");
        }

        using var timeout = new CancellationTokenSource(_timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        using var request = CreateRequest(message, url);
        try
        {
            using var response = await _invoker.SendAsync(request, either.Token);
            var status = (int)response.StatusCode;
            return status is >= 200 and < 300
                ? new AttemptResult(status, null)
                : new AttemptResult(status, Describe(status), RetryAfter.Read(response, _time.GetUtcNow()));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new AttemptResult(0, $"There was no answer within {_timeout.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s.");
        }
        catch (HttpRequestException exception) when (!cancellationToken.IsCancellationRequested)
        {
            return new AttemptResult(0, Describe(exception));
        }
    }

    public void Dispose() => _invoker.Dispose();

    private HttpRequestMessage CreateRequest(WebhookMessage message, Uri url)
    {
        var id = _ids.OfMessage(message);
        var timestamp = _time.GetUtcNow().ToUnixTimeSeconds();
        var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(message.Body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("User-Agent", "Batch");
        request.Headers.Add("webhook-id", id);
        request.Headers.Add("webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add(
            "webhook-signature", MessageSignature.Create(_secrets.Of(message.Owner), id, timestamp, message.Body));
        return request;
    }

    private static string Describe(int status) => status switch
    {
        >= 300 and < 400 => $"The receiver answered {status}; redirects are not followed.",
        410 => "The receiver answered 410: it wants no more messages.",
        _ => $"The receiver answered {status}.",
    };

    // What the system says may tell of the network here, so that owners get one of a few sentences.
    private static string Describe(HttpRequestException exception)
    {
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is ReceiverRefusedException)
            {
                return cause.Message;
            }

            if (cause is SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain })
            {
                return "The name of the host can't be resolved.";
            }
        }

        return exception.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError => "The name of the host can't be resolved.",
            HttpRequestError.ConnectionError => "The host can't be connected to.",
            HttpRequestError.SecureConnectionError => "No TLS connection: the certificate of the host may not be trusted.",
            _ => "The connection broke before there was an answer, or the answer is no HTTP.",
        };
    }
}
