using System.Collections.Concurrent;
using Batching.CrashTests.Callers;
using Batching.CrashTests.History;
using Batching.CrashTests.Plan;

namespace Batching.CrashTests.Running;

/// <summary>Hands over batch after batch, and keeps those who read them.</summary>
internal sealed class Submitter(Stage stage, CancellationToken giveUp) : IDisposable
{
    // More would only make each of them slower.
    private const int OpenBatches = 12;

    private readonly SemaphoreSlim _open = new(OpenBatches);
    private readonly ConcurrentBag<Task> _clients = [];
    private int _batches = -1;
    private int _keyedBatches = -1;

    /// <summary>Submits until told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await _open.WaitAsync(stop);
            var server = await stage.Servers.UpAsync(stop);
            var plan = stage.Plan.Batch(Interlocked.Increment(ref _batches));
            if (await SubmitAsync(server, plan) is { } accepted)
            {
                _clients.Add(RunClientAsync(plan, accepted.BatchId));
            }
            else
            {
                _open.Release();
            }
        }
    }

    /// <summary>Runs keyed batches until told to stop.</summary>
    public async Task RunKeyedAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var server = await stage.Servers.UpAsync(stop);
            var number = Interlocked.Increment(ref _keyedBatches);
            var calls = stage.Plan.KeyedBatch(number);
            foreach (var call in calls)
            {
                stage.History.Add(stage.History.KeyedCalls, call);
            }

            try
            {
                var replies = await server.Caller(0, (Transport)(number % 2)).RunKeyedAsync(calls);
                foreach (var reply in replies)
                {
                    stage.History.Add(stage.History.KeyedReplies, reply);
                }
            }
            catch (CallFailedException failure)
            {
                stage.AddFailure(server, "keyed batch", failure);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, stop);
        }
    }

    /// <summary>Waits until every batch is read.</summary>
    public Task WhenAllReadAsync() => Task.WhenAll(_clients);

    public void Dispose() => _open.Dispose();

    private async Task<Accepted?> SubmitAsync(Incarnation server, BatchPlan plan)
    {
        var began = TimeProvider.System.GetUtcNow();
        Accepted? accepted = null;
        try
        {
            var submitting = server.Caller(plan.Owner, plan.SubmittedBy).SubmitAsync(plan, stage.NotifyUrl);
            stage.Count(KillMoment.SubmissionSent);
            accepted = await submitting;
            stage.Count(KillMoment.SubmissionAcknowledged);
        }
        catch (CallFailedException failure)
        {
            stage.AddFailure(server, $"submission of {plan.Number}", failure);
        }

        stage.History.Add(
            stage.History.Submissions, new Submission(plan, began, accepted?.BatchId, accepted?.RequestIds ?? []));
        return accepted;
    }

    private async Task RunClientAsync(BatchPlan plan, string batchId)
    {
        try
        {
            await new BatchClient(stage, plan, batchId, giveUp).RunAsync();
        }
        catch (OperationCanceledException) when (giveUp.IsCancellationRequested)
        {
            stage.History.Add(stage.History.Surprises, $"batch {batchId} ({plan.Number}) was not read to its end in time");
        }
        finally
        {
            _open.Release();
        }
    }
}
