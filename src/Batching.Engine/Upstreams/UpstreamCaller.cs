using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Storage;
using Batching.Engine.Telemetry;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Retry;

namespace Batching.Engine.Upstreams;

/// <summary>
/// The one way to call an API: a deadline over all attempts, further attempts where they are safe, a limit on the
/// answer. Whatever happens comes back as a reply. Nothing is sent while it is not certain that this gateway holds the store: it
/// may have slept while another one took over. Thread-safe.
/// </summary>
internal sealed class UpstreamCaller
{
    private static readonly ResiliencePropertyKey<CallProgress> ProgressKey = new("progress");

    private readonly TimeProvider _time;
    private readonly StoreHold _hold;
    private readonly MessageBuilder _messages;
    private readonly bool _forwardsAddress;
    private readonly ReplyReader _replies;
    private readonly ResiliencePipeline<UpstreamReply> _retries;

    // As many as calls were under way at the same time.
    private readonly ConcurrentBag<CallProgress> _idle = [];

    public UpstreamCaller(
        IOptions<BatchEngineOptions> options, MemoryBudgets budgets, TimeProvider time, StoreHold? hold = null)
    {
        _time = time;
        _hold = hold ?? StoreHold.Always;
        _messages = new MessageBuilder(options.Value);
        _forwardsAddress = options.Value.Headers.ClientAddress != ClientAddressField.Off;
        _replies = new ReplyReader(options.Value, budgets.Answers, time);
        _retries = new ResiliencePipelineBuilder<UpstreamReply> { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions<UpstreamReply>
            {
                MaxRetryAttempts = CallProgress.MaxSends - 1,
                BackoffType = DelayBackoffType.Exponential,
                Delay = TimeSpan.FromMilliseconds(200),
                UseJitter = true,
                ShouldHandle = arguments => ValueTask.FromResult(
                    arguments.Outcome.Result is { } reply
                    && IsTransient(reply)
                    && Progress(arguments.Context).MaySend
                    && FitsBefore(Progress(arguments.Context), reply.RetryAfter)),
                // Where there is a pause of that length, the call waits for its place.
                DelayGenerator = arguments => ValueTask.FromResult(
                    arguments.Outcome.Result?.RetryAfter is { } delay && Progress(arguments.Context).IsPausedFor(delay)
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
    /// <param name="place">Its place at the upstream.</param>
    /// <param name="abort">Gives the call up.</param>
    /// <exception cref="OperationCanceledException"><paramref name="abort"/> was signalled.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<UpstreamReply> CallAsync(UpstreamCall call, ICallPlace place, CancellationToken abort)
    {
        var timeout = call.Timeout is { } own && own < call.Route.Upstream.Timeout ? own : call.Route.Upstream.Timeout;
        if (!_idle.TryTake(out var progress))
        {
            progress = new CallProgress(_time);
        }

        progress.Start(place, timeout);
        try
        {
            using var aborting = abort.UnsafeRegister(static progress => ((CallProgress)progress!).Cancel(), progress);
            return call.Route.Upstream.Shared is { } shared && Methods.IsSafe(call.Method)
                ? await CallTogetherAsync(shared, call, progress)
                : await CallAloneAsync(call, progress);
        }
        catch (OperationCanceledException) when (progress.Cancelled.IsCancellationRequested)
        {
            abort.ThrowIfCancellationRequested();
            progress.CountTimeout();
            return UpstreamReply.FromFailure(
                Failure.UpstreamTimeout,
                string.Create(CultureInfo.InvariantCulture, $"The API did not answer within {timeout.TotalSeconds} s."));
        }
        finally
        {
            if (!Methods.IsSafe(call.Method))
            {
                call.Route.Upstream.Shared?.CountChange();
            }

            if (progress.TryEnd())
            {
                _idle.Add(progress);
            }
            else
            {
                progress.Dispose();
            }
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<UpstreamReply> CallAloneAsync(UpstreamCall call, CallProgress progress)
    {
        var reply = await AttemptAsync(call, progress, progress.Cancelled);
        return IsTransient(reply) && call.MayRepeat
            ? await RetryAsync(call, reply, progress, progress.Cancelled)
            : reply;
    }

    // Whoever comes first makes the call, with all its attempts, for all who come while it is under way.
    private async ValueTask<UpstreamReply> CallTogetherAsync(SharedCalls shared, UpstreamCall call, CallProgress progress)
    {
        while (true)
        {
            var key = CallKey.Of(call, _forwardsAddress, shared.Changes);
            if (shared.TryBegin(key, out var waiter))
            {
                UpstreamReply? reply = null;
                try
                {
                    return reply = await CallAloneAsync(call, progress);
                }
                finally
                {
                    // Without a reply it was given up, for reasons of its own: another one makes the call.
                    shared.End(key, reply);
                }
            }

            if (!progress.TryLeavePlace())
            {
                shared.GiveUp(key, waiter);
                return await CallAloneAsync(call, progress);
            }

            if (await shared.WaitAsync(key, waiter, progress.Cancelled) is { } answer)
            {
                call.Route.Upstream.Metrics?.CountCoalesced();
                Activity.Current?.SetTag(BatchActivities.Coalesced, true);
                return answer;
            }

            await progress.TakePlaceAsync(progress.Cancelled);
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

    private static bool IsTransient(UpstreamReply reply) =>
        reply.Failure is Failure.UpstreamUnreachable or Failure.UpstreamReset
        || (reply.Failure == Failure.None && reply.StatusCode is 429 or 502 or 503 or 504);

    private static CallProgress Progress(ResilienceContext context) =>
        context.Properties.GetValue(ProgressKey, null!);

    // An answer in hand is better than a wait that the deadline cuts off.
    private bool FitsBefore(CallProgress progress, TimeSpan? delay)
    {
        var pause = progress.PauseLeft;
        var wait = delay > pause ? delay.Value : pause;
        return wait == TimeSpan.Zero || _time.GetElapsedTime(_time.GetTimestamp(), progress.Deadline) > wait;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<UpstreamReply> AttemptAsync(
        UpstreamCall call, CallProgress progress, CancellationToken cancellationToken)
    {
        if (!_hold.IsCertain)
        {
            await _hold.WaitUntilCertainAsync(cancellationToken);
        }

        progress.Begin(_time.GetTimestamp());

        // Disposed also where the call is given up.
        using var attempt = AttemptSpan.Start(call, progress.Sends);
        using var message = _messages.Build(call, progress, attempt);
        try
        {
            using var response = await call.Route.Upstream.Invoker.SendAsync(message, cancellationToken);
            var reply = await _replies.ReadAsync(call, response, cancellationToken);
            progress.Count(reply);
            return AttemptSpan.End(attempt, reply);
        }
        catch (HttpRequestException exception)
        {
            return AttemptSpan.End(
                attempt, UpstreamReply.FromFailure(Classify(exception.HttpRequestError), Describe(exception)));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The handler's own limit for making a connection looks like a cancellation, but nobody has cancelled.
            progress.CountTimeout();
            return AttemptSpan.End(attempt, UpstreamReply.FromFailure(
                Failure.UpstreamUnreachable,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"No connection to the API could be made within {call.Route.Upstream.Options.ConnectTimeout.TotalSeconds} s.")));
        }
        catch (OperationCanceledException) when (attempt is not null)
        {
            AttemptSpan.GiveUp(attempt);
            throw;
        }
        catch (IOException)
        {
            // The body was cut: fewer bytes than announced, an unfinished chunk, a reset.
            return AttemptSpan.End(
                attempt, UpstreamReply.FromFailure(Failure.UpstreamReset, Failure.UpstreamReset.Message()));
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
}
