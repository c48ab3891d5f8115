using System.Diagnostics;
using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Scheduling;
using Batching.Engine.Submission;
using Batching.Engine.Telemetry;
using Batching.Engine.Upstreams;
using Batching.V1;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Keyed;

/// <summary>
/// Runs keyed batches: all calls side by side, in the places of their upstreams like the requests of stored batches.
/// Nothing is stored. Thread-safe.
/// </summary>
public sealed class KeyedBatchRunner
{
    private readonly OwnerQuotas _quotas;
    private readonly UpstreamRouter _router;
    private readonly RequestValidator _validator;
    private readonly UpstreamCaller _caller;
    private readonly CallQueues _queues;
    private readonly Scheduler _scheduler;
    private readonly MemoryBudgets _budgets;
    private readonly KeyedOptions _options;
    private readonly LimitOptions _limits;
    private readonly int _messageBytes;
    private readonly TimeProvider _time;
    private readonly ILogger<KeyedBatchRunner> _logger;
    private long _lastKey;

    internal KeyedBatchRunner(
        OwnerQuotas quotas,
        UpstreamRouter router,
        RequestValidator validator,
        UpstreamCaller caller,
        CallQueues queues,
        Scheduler scheduler,
        MemoryBudgets budgets,
        IOptions<BatchEngineOptions> options,
        TimeProvider time,
        ILogger<KeyedBatchRunner> logger)
    {
        _quotas = quotas;
        _router = router;
        _validator = validator;
        _caller = caller;
        _queues = queues;
        _scheduler = scheduler;
        _budgets = budgets;
        _options = options.Value.Keyed;
        _limits = options.Value.Limits;
        _messageBytes = options.Value.Limits.MessageBytes;
        _time = time;
        _logger = logger;
    }

    /// <summary>The same, with an answer that is one message, of calls that nothing is known of.</summary>
    /// <inheritdoc cref="RunAsync(Caller, RunBatchRequest, CallPlan, long, CancellationToken)"/>
    public Task<Outcome<KeyedBatchReply>> RunAsync(
        Caller caller, RunBatchRequest request, CancellationToken cancellationToken) =>
        RunAsync(caller, request, new CallPlan(), _messageBytes, cancellationToken);

    /// <summary>
    /// Makes the calls, and waits until each has its response or the batch's time is over. Refuses the batch whole, with
    /// no call made, if it is too large or a key comes twice; a single bad call has an error as its response.
    /// </summary>
    /// <param name="caller">Who calls.</param>
    /// <param name="request">The calls.</param>
    /// <param name="plan">What is known of the calls before, and which wait for which.</param>
    /// <param name="maxBytes">
    /// Bytes that the answer may take as a message; <see cref="long.MaxValue"/> if it is not sent as one.
    /// </param>
    /// <param name="cancellationToken">The caller has gone: calls under way are aborted.</param>
    /// <exception cref="OperationCanceledException">The caller has gone.</exception>
    public Task<Outcome<KeyedBatchReply>> RunAsync(
        Caller caller,
        RunBatchRequest request,
        CallPlan plan,
        long maxBytes,
        CancellationToken cancellationToken) =>
        BatchActivities.AreWanted
            ? RunRecordedAsync(caller, request, plan, maxBytes, cancellationToken)
            : RunAsync(caller, request, plan, maxBytes, submission: null, cancellationToken);

    private async Task<Outcome<KeyedBatchReply>> RunRecordedAsync(
        Caller caller,
        RunBatchRequest request,
        CallPlan plan,
        long maxBytes,
        CancellationToken cancellationToken)
    {
        using var submission = BatchActivities.StartSubmission(BatchActivities.RunName, caller.Client);
        submission?.SetTag(BatchActivities.RequestCount, request.Calls.Count);
        return await submission.WatchAsync(new ValueTask<Outcome<KeyedBatchReply>>(
            RunAsync(caller, request, plan, maxBytes, submission, cancellationToken)));
    }

    private async Task<Outcome<KeyedBatchReply>> RunAsync(
        Caller caller,
        RunBatchRequest request,
        CallPlan plan,
        long maxBytes,
        Activity? submission,
        CancellationToken cancellationToken)
    {
        var room = new MessageRoom(maxBytes, request);
        if ((RequestValidator.CheckCredential(caller) ?? KeyedBatchRules.FindProblem(request, _options.Calls) ?? room.FindProblem()) is { } refusal)
        {
            return refusal;
        }

        var dependencies = plan.DependsOn.Count > 0
            ? KeyedDependencies.None
            : KeyedDependencies.Read(request, caller.Owner, _budgets, _limits);
        if (!dependencies.Succeeded)
        {
            return dependencies.Refusal;
        }

        var count = request.Calls.Count;
        var calls = new UpstreamCall?[count];
        var responses = new Response?[count];
        var forwarded = ForwardedOf(caller, submission);
        using (await _budgets.Work.TakeAsync(caller.Owner, request.CalculateSize(), cancellationToken))
        {
            for (var i = 0; i < count; i++)
            {
                if (plan.Responses.TryGetValue(i, out var response))
                {
                    responses[i] = room.Fit(response);
                    continue;
                }

                var problems = plan.Problems.TryGetValue(i, out var problem)
                    ? [problem]
                    : TryCreateCall(caller, forwarded, request.Calls[i].Request, out calls[i]);
                if (problems.Count > 0)
                {
                    responses[i] = room.Fit(KeyedResponses.FromProblems(problems));
                }
            }
        }

        var (order, fromFailedDependency) = dependencies.Value.ToOrder(request, plan, _options.Parallelism);
        var answer = await RunAsync(caller, calls, responses, order, fromFailedDependency, room, cancellationToken);
        return answer.Succeeded ? new KeyedBatchReply(ToMessage(request, answer.Value), answer.Value) : answer.Refusal;
    }

    /// <summary>Makes one call like those of a batch, and gives its run, which is to be disposed.</summary>
    /// <param name="caller">Who calls.</param>
    /// <param name="route">Where to.</param>
    /// <param name="request">What to call; found to be right.</param>
    /// <param name="cancellationToken">The caller has gone: the call is aborted.</param>
    /// <exception cref="OperationCanceledException">The caller has gone.</exception>
    internal Task<Outcome<KeyedRun>> RunAsync(
        Caller caller, Route route, Request request, CancellationToken cancellationToken) => RunAsync(
        caller,
        [CreateCall(caller, ForwardedOf(caller, submission: null), route, Methods.Find(request.Method)!, request)],
        [null],
        new CallOrder(1, 1, new CallPlan().DependsOn),
        _ => KeyedResponses.FromFailedDependency(),
        new MessageRoom(long.MaxValue, new RunBatchRequest()),
        cancellationToken);

    private async Task<Outcome<KeyedRun>> RunAsync(
        Caller caller,
        UpstreamCall?[] calls,
        Response?[] responses,
        CallOrder order,
        Func<int, Response> fromFailedDependency,
        MessageRoom room,
        CancellationToken cancellationToken)
    {
        var lease = _quotas.BeginKeyedBatch(caller.Owner);
        if (!lease.Succeeded)
        {
            return lease.Refusal;
        }

        // Stored batches have positive keys.
        var run = new KeyedRun(
            caller.Owner,
            Interlocked.Decrement(ref _lastKey),
            calls,
            responses,
            order,
            fromFailedDependency,
            _options.ReplyBytes,
            room,
            _budgets.KeyedReplies,
            lease.Value,
            _caller,
            _queues,
            _time,
            _logger);
        try
        {
            await RunAsync(run, cancellationToken);
            return run;
        }
        catch
        {
            run.Dispose();
            throw;
        }
    }

    private async Task RunAsync(KeyedRun run, CancellationToken cancellationToken)
    {
        run.Start();
        if (run.Ended.IsCompleted)
        {
            return;
        }

        using var deadline = new CancellationTokenSource(_options.Timeout, _time);
        using var timedOut = deadline.Token.Register(() => CutOff(run));
        using var gone = cancellationToken.Register(() => run.Close(KeyedResponses.FromShutdown));

        // A gateway that stops begins nothing more, and aborts what is not done after the grace time.
        using var stopping = _scheduler.Stopping.Register(() => run.CloseUnbegun(KeyedResponses.FromShutdown));
        using var aborting = _scheduler.Aborting.Register(() => run.Close(KeyedResponses.FromShutdown));
        await run.Ended;
        cancellationToken.ThrowIfCancellationRequested();
    }

    private void CutOff(KeyedRun run)
    {
        KeyedBatchRunnerLog.BatchTimedOut(_logger, run.Responses.Count, _options.Timeout);
        run.Close(_ => KeyedResponses.FromBatchTimeout(_options.Timeout));
    }

    private List<Problem> TryCreateCall(
        Caller caller, ForwardedFields forwarded, Request? request, out UpstreamCall? call)
    {
        call = null;
        if (request is null)
        {
            return [new Problem("request", "is required")];
        }

        var problems = new List<Problem>();
        if (!_router.TryRoute(request, out var route, out var problem))
        {
            problems.Add(problem);
        }

        var method = Methods.Find(request.Method);
        if (method is null)
        {
            problems.Add(new Problem("method", $"must be one of {Methods.All}"));
        }

        if (request.Spawner || request.Pagination is not null || request.References)
        {
            problems.Add(new Problem(request.References ? "references" : "spawner", "is for stored batches only"));
        }

        _validator.ValidateHeaders(request, "headers", problems);
        if (problems.Count == 0)
        {
            // What only the gateway says: a page of a spawner may be sent again, whatever its method is.
            request.SpawnedBy = "";
            call = CreateCall(caller, forwarded, route, method!, request);
        }

        return problems;
    }

    private UpstreamCall CreateCall(
        Caller caller, ForwardedFields forwarded, Route route, HttpMethod method, Request request) =>
        new(route, method, request, caller.Authorization)
        {
            Owner = caller.Owner,
            Timeout = _options.CallTimeout,
            Forwarded = forwarded,
        };

    private static ForwardedFields ForwardedOf(Caller caller, Activity? submission) =>
        new(caller.Client.Peer, ForwardedFields.TraceOf(submission, caller.Client.TraceParent));

    private static RunBatchResponse ToMessage(RunBatchRequest request, KeyedRun run)
    {
        var message = new RunBatchResponse();
        for (var i = 0; i < request.Calls.Count; i++)
        {
            message.Replies.Add(new KeyedResponse { Key = request.Calls[i].Key, Response = run.Responses[i] });
        }

        return message;
    }
}
