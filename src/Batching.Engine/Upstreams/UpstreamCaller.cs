using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using Batching.Engine.Submission;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Retry;

namespace Batching.Engine.Upstreams;

/// <summary>
/// The one way to call an API: a deadline over all attempts, further attempts where they are safe, a limit on the
/// answer. Whatever happens comes back as a reply. Thread-safe.
/// </summary>
internal sealed class UpstreamCaller
{
    private const int MaxAttempts = 3;
    private const int FirstBufferSize = 16 * 1024;
    private const string UserAgent = "Batch";

    private static readonly ResiliencePropertyKey<CallProgress> ProgressKey = new("progress");

    private readonly TimeProvider _time;
    private readonly int _maxResponseBytes;
    private readonly string _credentialHeader;
    private readonly HeaderOptions _headers;
    private readonly ResiliencePipeline<UpstreamReply> _retries;

    // As many as calls were under way at the same time.
    private readonly ConcurrentBag<CancellationTokenSource> _deadlines = [];

    public UpstreamCaller(IOptions<BatchEngineOptions> options, TimeProvider time)
    {
        _time = time;
        _maxResponseBytes = options.Value.Limits.ResponseBytes;
        _credentialHeader = options.Value.CredentialHeader;
        _headers = options.Value.Headers;
        _retries = new ResiliencePipelineBuilder<UpstreamReply> { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions<UpstreamReply>
            {
                MaxRetryAttempts = MaxAttempts - 1,
                BackoffType = DelayBackoffType.Exponential,
                Delay = TimeSpan.FromMilliseconds(200),
                UseJitter = true,
                ShouldHandle = arguments => ValueTask.FromResult(
                    arguments.Outcome.Result is { } reply
                    && IsTransient(reply)
                    && FitsBefore(Progress(arguments.Context), reply.RetryAfter)),
                // Where the whole upstream is paused for as long, the call waits with the others for a place.
                DelayGenerator = arguments => ValueTask.FromResult(
                    arguments.Outcome.Result?.RetryAfter is { } delay && Progress(arguments.Context).Places.PausesFor(delay)
                        ? TimeSpan.Zero
                        : arguments.Outcome.Result?.RetryAfter),
                OnRetry = arguments =>
                {
                    arguments.Outcome.Result?.Dispose();
                    Progress(arguments.Context).LeavePlace();
                    return ValueTask.CompletedTask;
                },
            })
            .Build();
    }

    /// <summary>Makes the call. The task is to be awaited once, as what it needs is used again.</summary>
    /// <param name="call">What to send, and where.</param>
    /// <param name="abort">Gives the call up.</param>
    /// <exception cref="OperationCanceledException"><paramref name="abort"/> was signalled.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<UpstreamReply> CallAsync(UpstreamCall call, CancellationToken abort)
    {
        var timeout = call.Timeout is { } own && own < call.Route.Upstream.Timeout ? own : call.Route.Upstream.Timeout;
        var progress = new CallProgress(
            call.Route.Upstream.Places, _time.GetTimestamp() + (long)(timeout.TotalSeconds * _time.TimestampFrequency));
        if (!_deadlines.TryTake(out var deadline))
        {
            deadline = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _time);
        }

        try
        {
            deadline.CancelAfter(timeout);
            using var aborting = abort.UnsafeRegister(
                static source => ((CancellationTokenSource)source!).Cancel(), deadline);
            var reply = await AttemptAsync(call, progress, deadline.Token);
            return IsTransient(reply) && Methods.IsIdempotent(call.Method)
                ? await RetryAsync(call, reply, progress, deadline.Token)
                : reply;
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            abort.ThrowIfCancellationRequested();
            progress.CountTimeout();
            return UpstreamReply.FromFailure(
                Failure.UpstreamTimeout,
                string.Create(CultureInfo.InvariantCulture, $"The API did not answer within {timeout.TotalSeconds} s."));
        }
        finally
        {
            progress.End();
            Return(deadline);
        }
    }

    // Most calls need one attempt, which is made without the pipeline; the pipeline begins with what came of it.
    private async Task<UpstreamReply> RetryAsync(
        UpstreamCall call, UpstreamReply first, CallProgress progress, CancellationToken cancellationToken)
    {
        var context = ResilienceContextPool.Shared.Get(cancellationToken);
        var isFirst = true;
        try
        {
            context.Properties.Set(ProgressKey, progress);
            return await _retries.ExecuteAsync(
                async context =>
                {
                    if (isFirst)
                    {
                        isFirst = false;
                        return first;
                    }

                    // The places are for who calls: none was held while this one waited for another attempt.
                    await progress.TakePlaceAsync(context.CancellationToken);
                    return await AttemptAsync(call, progress, context.CancellationToken);
                },
                context);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    // One that was signalled, or is about to be, is of no more use.
    private void Return(CancellationTokenSource deadline)
    {
        if (deadline.TryReset())
        {
            _deadlines.Add(deadline);
        }
        else
        {
            deadline.Dispose();
        }
    }

    private static bool IsTransient(UpstreamReply reply) =>
        reply.Failure is Failure.UpstreamUnreachable or Failure.UpstreamReset
        || (reply.Failure == Failure.None && reply.StatusCode is 429 or 502 or 503 or 504);

    private static CallProgress Progress(ResilienceContext context) =>
        context.Properties.GetValue(ProgressKey, null!);

    // An answer in hand is better than a wait that the deadline cuts off.
    private bool FitsBefore(CallProgress progress, TimeSpan? delay)
    {
        var pause = progress.Places.PauseLeft;
        var wait = delay > pause ? delay.Value : pause;
        return wait == TimeSpan.Zero || _time.GetElapsedTime(_time.GetTimestamp(), progress.Deadline) > wait;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<UpstreamReply> AttemptAsync(
        UpstreamCall call, CallProgress progress, CancellationToken cancellationToken)
    {
        progress.Begin(_time.GetTimestamp());
        using var message = CreateMessage(call);
        try
        {
            using var response = await call.Route.Upstream.Invoker.SendAsync(message, cancellationToken);
            var reply = await ReadReplyAsync(call, response, cancellationToken);
            progress.Count(reply);
            return reply;
        }
        catch (HttpRequestException exception)
        {
            return UpstreamReply.FromFailure(Classify(exception.HttpRequestError), Describe(exception));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The handler's own limit for making a connection looks like a cancellation, but nobody has cancelled.
            progress.CountTimeout();
            return UpstreamReply.FromFailure(
                Failure.UpstreamUnreachable, "No connection to the API could be made in time.");
        }
        catch (IOException)
        {
            // The body was cut: fewer bytes than announced, an unfinished chunk, a reset.
            return UpstreamReply.FromFailure(Failure.UpstreamReset, Failure.UpstreamReset.Message());
        }
    }

    private static Failure Classify(HttpRequestError error) => error switch
    {
        HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
            or HttpRequestError.SecureConnectionError => Failure.UpstreamUnreachable,
        HttpRequestError.ConfigurationLimitExceeded => Failure.ResponseTooLarge,
        _ => Failure.UpstreamReset,
    };

    private static string Describe(HttpRequestException exception) => exception.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError => "The name of the API's host could not be resolved.",
        // Says what is wrong with the API's certificate, for example that nobody trusts its root.
        HttpRequestError.SecureConnectionError when exception.InnerException is AuthenticationException inner =>
            $"No secure connection to the API could be made. {inner.Message}",
        HttpRequestError.SecureConnectionError => "No secure connection to the API could be made.",
        HttpRequestError.InvalidResponse => "The answer of the API is not valid HTTP.",
        HttpRequestError.ConfigurationLimitExceeded => "The header of the API's answer is larger than the limit.",
        var error => Classify(error).Message(),
    };

    private HttpRequestMessage CreateMessage(UpstreamCall call)
    {
        var message = new HttpRequestMessage(call.Method, call.Route.ToUri());
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

            message.Headers.TryAddWithoutValidation(_credentialHeader, call.Authorization);
        }

        AddOwnFields(message.Headers, call.Origin);
        return message;
    }

    private void AddOwnFields(HttpRequestHeaders headers, OriginFields? origin)
    {
        if (!headers.NonValidated.Contains("User-Agent"))
        {
            headers.TryAddWithoutValidation("User-Agent", UserAgent);
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

        if (_headers.ClientAddress == ClientAddressField.XForwardedFor && origin.ForwardedFor is { } forwardedFor)
        {
            headers.TryAddWithoutValidation("X-Forwarded-For", forwardedFor);
        }
        else if (_headers.ClientAddress == ClientAddressField.Forwarded && origin.Forwarded is { } forwarded)
        {
            headers.TryAddWithoutValidation("Forwarded", forwarded);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<UpstreamReply> ReadReplyAsync(
        UpstreamCall call, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        // The answer to HEAD announces the length of a body that does not come.
        var announced = call.Method == HttpMethod.Head ? 0 : response.Content.Headers.ContentLength;
        if (announced > _maxResponseBytes)
        {
            return TooLarge();
        }

        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = BodyBuffers.Rent((int?)announced + 1 ?? FirstBufferSize);
        var length = 0;
        try
        {
            while (true)
            {
                if (length == buffer.Length)
                {
                    buffer = Grow(buffer);
                }

                var read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
                if (read == 0)
                {
                    break;
                }

                length += read;
                if (length > _maxResponseBytes)
                {
                    BodyBuffers.Return(buffer);
                    return TooLarge();
                }
            }
        }
        catch
        {
            BodyBuffers.Return(buffer);
            throw;
        }

        return UpstreamReply.FromApi(
            (int)response.StatusCode,
            ResponseHeaders.Encode(response, _headers.SetCookie),
            buffer,
            length,
            ReadRetryAfter(response));
    }

    private UpstreamReply TooLarge() => UpstreamReply.FromFailure(
        Failure.ResponseTooLarge,
        string.Create(
            CultureInfo.InvariantCulture, $"The answer of the API is larger than {_maxResponseBytes} bytes."));

    private static byte[] Grow(byte[] buffer)
    {
        var larger = BodyBuffers.Rent(buffer.Length * 2);
        buffer.CopyTo(larger, 0);
        BodyBuffers.Return(buffer);
        return larger;
    }

    private TimeSpan? ReadRetryAfter(HttpResponseMessage response)
    {
        if ((int)response.StatusCode is not (429 or 503) || response.Headers.RetryAfter is not { } retryAfter)
        {
            return null;
        }

        var delay = retryAfter.Delta ?? retryAfter.Date - _time.GetUtcNow();
        return delay > TimeSpan.Zero ? delay : null;
    }
}
