using System.Diagnostics;
using Batching.CrashTests.Callers;
using Batching.CrashTests.History;
using Batching.CrashTests.Plan;

namespace Batching.CrashTests.Running;

/// <summary>The owner of an accepted batch: reads it to its end through all crashes, and notes every reply.</summary>
internal sealed class BatchClient(Stage stage, BatchPlan plan, string batchId, CancellationToken giveUp)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(15);

    // The longest that a reader stalls when nobody kills the server.
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(1.5);

    private readonly CrashHistory _history = stage.History;
    private readonly OmittedBodies _bodies = new(stage, plan.Owner, batchId, giveUp);

    /// <summary>Does what is planned with the batch.</summary>
    public async Task RunAsync()
    {
        var stopping = plan.Fate == Fate.Finish ? Task.CompletedTask : StopAsync();
        var appending = plan.OpenWith is { } count ? AppendAsync(count) : Task.CompletedTask;
        try
        {
            if (plan.Number % 4 == 0)
            {
                await ProbeAsync();
            }

            await ReadAsync();
            await (plan.Style == ReaderStyle.ParallelPair ? DrainByTwoAsync() : DrainAsync(isAlone: false));
            _history.Add(_history.Drained, batchId);
        }
        catch (CallFailedException failure) when (failure.IsNotFound)
        {
            // The checker knows whether that may be.
        }

        await stopping;
        await appending;
    }

    private async Task ReadAsync()
    {
        switch (plan.Style)
        {
            case ReaderStyle.After:
                await ReadAfterAsync();
                break;
            case ReaderStyle.Stream:
                await ReadStreamAsync(goOn: true);
                break;
            case ReaderStyle.StreamThenParallel:
                await ReadStreamAsync(goOn: false);
                break;
            case ReaderStyle.CutReply:
                await CutReplyAsync();
                break;
            case ReaderStyle.Stalled:
                await StallAsync();
                break;
            default:
                break;
        }
    }

    private async Task DrainByTwoAsync() =>
        await Task.WhenAll(DrainAsync(isAlone: true), DrainAsync(isAlone: true));

    private async Task DrainAsync(bool isAlone)
    {
        Incarnation? connected = null;
        ICaller? caller = null;
        try
        {
            while (true)
            {
                var server = await stage.Servers.UpAsync(giveUp);
                if (server != connected)
                {
                    if (isAlone)
                    {
                        caller?.Dispose();
                    }

                    connected = server;
                    caller = isAlone
                        ? server.NewCaller(plan.Owner, plan.ReadBy)
                        : server.Caller(plan.Owner, plan.ReadBy);
                }

                if (await FetchAsync(server, caller!, ReplyForm.Fetch, null) is not { Results.Count: 0 } page)
                {
                    continue;
                }

                if (page.Counters.Running == 0)
                {
                    return;
                }

                await Task.Delay(Pause, TimeProvider.System, giveUp);
            }
        }
        finally
        {
            if (isAlone)
            {
                caller?.Dispose();
            }
        }
    }

    private async Task ReadAfterAsync()
    {
        var position = 0L;
        while (true)
        {
            var server = await stage.Servers.UpAsync(giveUp);
            var page = await FetchAsync(
                server, server.Caller(plan.Owner, plan.ReadBy), ReplyForm.FetchAfter, position);
            if (page is null)
            {
                continue;
            }

            if (page.Results.Count == 0)
            {
                if (page.Counters.Running == 0)
                {
                    return;
                }

                await Task.Delay(Pause, TimeProvider.System, giveUp);
            }

            position = page.Position;
        }
    }

    private async Task ReadStreamAsync(bool goOn)
    {
        long? after = null;
        while (true)
        {
            var server = await stage.Servers.UpAsync(giveUp);
            var results = new List<ResultSeen>();
            var ended = false;
            try
            {
                stage.Count(KillMoment.FetchSent);
                await foreach (var record in server.Caller(plan.Owner, plan.ReadBy).StreamAsync(batchId, after))
                {
                    if (record.Result is not { } result)
                    {
                        ended = record.Running == 0;
                        break;
                    }

                    results.Add(result);
                    stage.Count(KillMoment.ResultsRead);
                    if (goOn && results.Count == plan.CutAfter)
                    {
                        break;
                    }
                }
            }
            catch (CallFailedException failure)
            {
                OnFailure(server, "stream", failure);
            }

            _history.Add(_history.Replies, new Reply(
                batchId, ReplyForm.Stream, after, ended, server.Number, await _bodies.ReadAsync(results)));
            after = results.Count > 0 ? results[^1].Position : after;
            if (ended || !goOn)
            {
                return;
            }
        }
    }

    // The server has no chance to write all of the reply, so that all of it must come again.
    private async Task CutReplyAsync()
    {
        await WaitUntilDoneAsync();
        var server = await stage.Servers.UpAsync(giveUp);
        try
        {
            using var fetch = await SlowFetch.BeginAsync(server.Address, stage.Plan.TokenOf(plan.Owner), batchId);
        }
        catch (CallFailedException failure)
        {
            OnFailure(server, "cut fetch", failure);
        }
    }

    private async Task StallAsync()
    {
        await WaitUntilDoneAsync();
        var server = await stage.Servers.UpAsync(giveUp);
        try
        {
            using var fetch = await SlowFetch.BeginAsync(server.Address, stage.Plan.TokenOf(plan.Owner), batchId);
            await Task.Delay(Stall, TimeProvider.System, server.Killed)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await AddPageAsync(server, ReplyForm.Fetch, null, await fetch.ReadAsync());
        }
        catch (CallFailedException failure)
        {
            OnFailure(server, "slow fetch", failure);
        }
    }

    private async Task WaitUntilDoneAsync()
    {
        while (true)
        {
            var server = await stage.Servers.UpAsync(giveUp);
            try
            {
                var asked = Stopwatch.GetTimestamp();
                var counters = await server.Caller(plan.Owner, plan.ReadBy).GetStatusAsync(batchId);
                AddView(counters, asked);
                if (counters.Running == 0)
                {
                    return;
                }
            }
            catch (CallFailedException failure)
            {
                OnFailure(server, "status", failure);
            }

            await Task.Delay(Pause, TimeProvider.System, giveUp);
        }
    }

    private async Task<ResultPage?> FetchAsync(Incarnation server, ICaller caller, ReplyForm form, long? after)
    {
        var asked = Stopwatch.GetTimestamp();
        try
        {
            var fetching = caller.FetchAsync(batchId, after);
            stage.Count(KillMoment.FetchSent);
            var page = await fetching;
            if (page.Results.Count > 0)
            {
                stage.Count(KillMoment.ResultsRead);
            }

            AddView(page.Counters, asked);
            await AddPageAsync(server, form, after, page);
            return page;
        }
        catch (CallFailedException failure)
        {
            _history.Add(_history.Replies, new Reply(batchId, form, after, false, server.Number, []));
            OnFailure(server, "fetch", failure);
            return null;
        }
    }

    // Each append is made until it is acknowledged: with the same offset it is one.
    private async Task AppendAsync(int given)
    {
        while (given < plan.Requests.Count)
        {
            var part = plan.Requests.Skip(given).Take(plan.AppendSize).ToList();
            if (await TryAppendAsync(given, part))
            {
                given += part.Count;
            }
        }

        while (!await TrySealAsync())
        {
        }
    }

    private async Task<bool> TryAppendAsync(int offset, IReadOnlyList<RequestPlan> requests)
    {
        var server = await stage.Servers.UpAsync(giveUp);
        try
        {
            var appending = server.Caller(plan.Owner, plan.SubmittedBy).AppendAsync(batchId, offset, requests);
            stage.Count(KillMoment.SubmissionSent);
            _history.Add(_history.Appended, new Appended(batchId, await appending));
            stage.Count(KillMoment.SubmissionAcknowledged);
            return true;
        }
        catch (CallFailedException failure)
        {
            OnAppendFailure(server, "append to", failure);
            return false;
        }
    }

    private async Task<bool> TrySealAsync()
    {
        var server = await stage.Servers.UpAsync(giveUp);
        try
        {
            await server.Caller(plan.Owner, plan.SubmittedBy).SealAsync(batchId);
            return true;
        }
        catch (CallFailedException failure)
        {
            OnAppendFailure(server, "seal of", failure);
            return false;
        }
    }

    // A gateway that has just started takes up its batches first, and says so.
    private void OnAppendFailure(Incarnation server, string what, CallFailedException failure)
    {
        if (!failure.Message.Contains("has just started", StringComparison.Ordinal))
        {
            stage.AddFailure(server, $"{what} {batchId}", failure);
        }
    }

    private async Task StopAsync()
    {
        await Task.Delay(plan.FateDelay, TimeProvider.System, giveUp);
        while (true)
        {
            var server = await stage.Servers.UpAsync(giveUp);
            var caller = server.Caller(plan.Owner, plan.SubmittedBy);
            var isDone = true;
            try
            {
                await (plan.Fate == Fate.Cancel ? caller.CancelAsync(batchId) : caller.DeleteAsync(batchId));
            }
            catch (CallFailedException failure) when (failure.IsNotFound && plan.Fate == Fate.Delete)
            {
                // The attempt before has done it.
            }
            catch (CallFailedException failure)
            {
                isDone = false;
                stage.AddFailure(server, $"{plan.Fate} of {batchId}", failure);
            }

            _history.Add(_history.Stops, new Stop(batchId, plan.Fate, isDone));
            if (isDone)
            {
                return;
            }
        }
    }

    private async Task ProbeAsync()
    {
        var server = await stage.Servers.UpAsync(giveUp);
        var owner = (plan.Owner + 1) % CrashPlan.Owners;
        string? answer;
        try
        {
            answer = (await server.Caller(owner, plan.ReadBy).GetStatusAsync(batchId)).ToString();
        }
        catch (CallFailedException failure) when (failure.IsNotFound)
        {
            answer = null;
        }
        catch (CallFailedException failure)
        {
            stage.AddFailure(server, "status asked for by another owner", failure);
            return;
        }

        _history.Add(_history.Probes, new Probe(batchId, owner, answer));
    }

    private async Task AddPageAsync(Incarnation server, ReplyForm form, long? after, ResultPage page) =>
        _history.Add(_history.Replies, new Reply(
            batchId, form, after, true, server.Number, await _bodies.ReadAsync(page.Results)));

    private void AddView(Counters counters, long asked) => _history.Add(_history.Views, new View(
        batchId, counters.Total, counters.Running, asked, Stopwatch.GetTimestamp()));

    // A batch that is to be deleted may be gone at any moment, and its streams with it.
    private void OnFailure(Incarnation server, string what, CallFailedException failure)
    {
        if (failure.IsNotFound)
        {
            throw failure;
        }

        if (plan.Fate != Fate.Delete)
        {
            stage.AddFailure(server, $"{what} of {batchId}", failure);
        }
    }
}
