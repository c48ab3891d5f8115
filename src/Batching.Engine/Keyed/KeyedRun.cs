using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Scheduling;
using Batching.Engine.Telemetry;
using Batching.Engine.Upstreams;
using Batching.V1;
using Microsoft.Extensions.Logging;

namespace Batching.Engine.Keyed;

/// <summary>
/// One keyed batch while it runs: which calls wait, which are under way, what came of those that are done. A call that
/// has its response keeps it: what comes later is thrown away. Thread-safe.
/// </summary>
/// <param name="owner">Whose batch it is.</param>
/// <param name="batchKey">Tells it from the owner's other batches in the queues.</param>
/// <param name="calls">What to call; null where there is a response already.</param>
/// <param name="responses">Responses that are known before, of calls that are bad.</param>
/// <param name="order">Which calls begin when.</param>
/// <param name="fromFailedDependency">Makes the response of a call that never begins.</param>
/// <param name="replyBytes">Bytes that the reply may hold.</param>
/// <param name="room">What fits into the message that the reply may be.</param>
/// <param name="budget">What their bytes are taken of.</param>
/// <param name="lease">What it holds of its owner's quota.</param>
/// <param name="caller">Makes the calls.</param>
/// <param name="queues">Where they wait for their turn.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Of the runner.</param>
internal sealed class KeyedRun(
    string owner,
    long batchKey,
    UpstreamCall?[] calls,
    Response?[] responses,
    CallOrder order,
    Func<int, Response> fromFailedDependency,
    int replyBytes,
    MessageRoom room,
    OwnerByteBudget budget,
    QuotaLease lease,
    UpstreamCaller caller,
    CallQueues queues,
    TimeProvider time,
    ILogger<KeyedBatchRunner> logger) : IDisposable
{
    private readonly long _created = time.GetTimestamp();
    private readonly ByteLease _memory = budget.Open(owner);
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _abort = new();
    private readonly bool[] _begun = new bool[responses.Length];
    private readonly UpstreamReply?[] _replies = new UpstreamReply?[responses.Length];
    private int _missing;
    private long _held;
    private bool _closed;

    /// <summary>Completes when every call has its response.</summary>
    public Task Ended => _ended.Task;

    /// <summary>The responses, in the order of the calls. Complete once the run has ended.</summary>
    public IReadOnlyList<Response?> Responses => responses;

    /// <summary>The outcome of a call, until the run is disposed; null if it is not kept: only its response says why.</summary>
    public UpstreamReply? FindReply(int index)
    {
        lock (_lock)
        {
            return _replies[index];
        }
    }

    /// <summary>Begins to make the calls.</summary>
    public void Start()
    {
        _missing = calls.Count(call => call is not null);
        if (_missing == 0)
        {
            _ended.SetResult();
            return;
        }

        EnqueueNext();
    }

    /// <summary>Makes one call, unless it isn't wanted any more.</summary>
    public async ValueTask RunAsync(int index, ICallPlace place)
    {
        if (!TryBegin(index, out var call))
        {
            return;
        }

        var upstream = call.Route.Upstream;
        if (upstream.Metrics is { MeasuresWaits: true } metrics)
        {
            metrics.CountWait(time.GetElapsedTime(_created));
        }

        using var activity = call.Forwarded is { } forwarded && forwarded.Submission != default
            ? BatchActivities.StartRequest(forwarded.Submission, cause: default, upstream.Name)
            : null;
        UpstreamReply reply;
        try
        {
            reply = await caller.CallAsync(call, place, _abort.Token);
        }
        catch (OperationCanceledException)
        {
            // Whoever closed the run has given this call its response.
            activity?.SetTag("error.type", "cancelled").SetStatus(ActivityStatusCode.Error);
            return;
        }
        catch (Exception exception)
        {
            // A bug must cost one call its response, not a worker its life.
            KeyedBatchRunnerLog.CallFailed(logger, exception);
            reply = UpstreamReply.FromFailure(Failure.UpstreamReset, Failure.UpstreamReset.Message());
        }

        activity?.End(reply);
        if (upstream.Metrics is { CountsResults: true } results)
        {
            results.CountResults("keyed", UpstreamMetrics.ErrorOf(reply.Failure, reply.StatusCode), 1);
        }

        End(index, reply);
        EnqueueNext();
    }

    /// <summary>Gives calls that have no response yet this one, and aborts those under way.</summary>
    /// <param name="createResponse">Gets whether the call was begun.</param>
    public void Close(Func<bool, Response> createResponse)
    {
        lock (_lock)
        {
            _closed = true;
            EndWhere(_ => true, createResponse);
        }

        _abort.Cancel();
    }

    /// <summary>Gives calls that were not begun this response; those under way go on.</summary>
    public void CloseUnbegun(Func<bool, Response> createResponse)
    {
        lock (_lock)
        {
            EndWhere(index => !_begun[index], createResponse);
        }
    }

    /// <summary>Gives back what the responses hold; for when nobody reads them any more.</summary>
    public void Dispose()
    {
        UpstreamReply?[] replies;
        long held;
        lock (_lock)
        {
            _closed = true;
            replies = [.. _replies];
            Array.Clear(_replies);
            held = _held;
            _held = 0;
        }

        lease.Dispose();
        _memory.Release(held);
        foreach (var reply in replies)
        {
            reply?.Dispose();
        }
    }

    private void EnqueueNext()
    {
        while (TryTakeNext(out var index, out var call))
        {
            queues.Of(call.Route.Upstream).Enqueue(owner, batchKey, new KeyedWork(this, index));
        }
    }

    private bool TryTakeNext(out int index, [NotNullWhen(true)] out UpstreamCall? call)
    {
        lock (_lock)
        {
            while (!_closed && order.TryTake(out index))
            {
                if ((call = calls[index]) is not null)
                {
                    return true;
                }

                // It is bad.
                EndInOrder(index, responses[index]!);
            }
        }

        index = 0;
        call = null;
        return false;
    }

    private bool TryBegin(int index, [NotNullWhen(true)] out UpstreamCall? call)
    {
        lock (_lock)
        {
            call = calls[index];
            return _begun[index] = !_closed && call is not null;
        }
    }

    private void End(int index, UpstreamReply reply)
    {
        var bytes = reply.Failure == Failure.None ? reply.Headers.Length + reply.Body.Length : 0;
        if (bytes > budget.Share || !_memory.TryReserve(bytes))
        {
            reply.Dispose();
            End(index, KeyedResponses.FromFullMemory());
            return;
        }

        reply.HandOver();

        var response = KeyedResponses.From(reply);
        lock (_lock)
        {
            if (!_closed && _held + bytes <= replyBytes && room.TryReserve(response))
            {
                _held += bytes;
                _replies[index] = reply;
                SetResponse(index, response);
                return;
            }
        }

        _memory.Release(bytes);
        reply.Dispose();
        End(index, KeyedResponses.FromFullReply(Math.Min(replyBytes, room.Bytes)));
    }

    private void End(int index, Response response)
    {
        lock (_lock)
        {
            SetResponse(index, response);
        }
    }

    private void EndWhere(Predicate<int> isMeant, Func<bool, Response> createResponse)
    {
        for (var index = 0; index < responses.Length; index++)
        {
            if (responses[index] is null && isMeant(index))
            {
                SetResponse(index, createResponse(_begun[index]));
            }
        }
    }

    private void SetResponse(int index, Response response)
    {
        if (TrySetResponse(index, response))
        {
            EndInOrder(index, response);
        }
    }

    private void EndInOrder(int index, Response response)
    {
        foreach (var dependent in order.End(index, response.Error is null && response.StatusCode >= 200 && response.StatusCode < order.FailsFrom))
        {
            TrySetResponse(dependent, room.Fit(fromFailedDependency(dependent)));
        }
    }

    private bool TrySetResponse(int index, Response response)
    {
        if (responses[index] is not null)
        {
            return false;
        }

        responses[index] = response;
        calls[index] = null;
        if (--_missing == 0)
        {
            _ended.SetResult();
        }

        return true;
    }
}
