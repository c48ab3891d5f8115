using Batching.Cli.Input;
using Batching.Cli.Output;
using Batching.Client;
using Batching.V1;

namespace Batching.Cli.Running;

/// <summary>
/// Finds out what became of a submission whose answer nobody has seen: because the run was killed at that moment, or the connection
/// broke. The batch, if there is one, is newer than any that was there before, has as many calls, and has the same ones.
/// </summary>
internal sealed class SubmissionFinder(CliContext context, BatchClient client)
{
    // A gateway may still be at work on a submission whose client has gone.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // Results of a batch that are compared with the calls.
    private const int Compared = 50;

    /// <summary>Looks for it.</summary>
    /// <param name="path">The output of the run.</param>
    /// <param name="state">What the run has noted.</param>
    /// <param name="input">Its calls.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>The batch; null if there is none and the calls may be submitted again.</returns>
    /// <exception cref="CommandFailedException">That can't be told.</exception>
    public async Task<string?> FindAsync(string path, RunState state, CallInput input, CancellationToken cancellationToken)
    {
        context.Say("The run was cut while it submitted its calls. Looking for the batch.");
        var calls = await ReadShapeAsync(input, cancellationToken);
        var found = await FindAllAsync(state, input, calls.HasSpawners, cancellationToken);
        for (var start = context.Time.GetTimestamp(); found.Count == 0 && context.Time.GetElapsedTime(start) < Grace;)
        {
            await Task.Delay(Interval, context.Time, cancellationToken);
            found = await FindAllAsync(state, input, calls.HasSpawners, cancellationToken);
        }

        switch (found)
        {
            case [var one]:
                context.Say($"It is batch {one}.");
                return one;
            case [] when calls.AreRepeatable:
                context.Say("It is not there. Its calls may be made twice, so they are submitted again.");
                return null;
            case []:
                throw new CommandFailedException(
                    ExitCode.SubmissionUnknown,
                    $"No batch with these calls is there. If it was not deleted, none was made of them: \"batch resume {path} --again\" submits them again.");
            default:
                throw new CommandFailedException(
                    ExitCode.SubmissionUnknown,
                    $"More than one batch with these calls is there: {string.Join(", ", found)}. \"batch resume {path} --id ID\" goes on with one of them.");
        }
    }

    private async Task<List<string>> FindAllAsync(
        RunState state, CallInput input, bool hasSpawners, CancellationToken cancellationToken)
    {
        var found = new List<string>();
        await foreach (var batch in client.ListAsync(cancellationToken))
        {
            if (batch.Id == state.NewestBefore || batch.CreateTime.ToDateTime().Ticks < state.NewestBeforeTicks)
            {
                break;
            }

            var mayBe = hasSpawners ? batch.TotalRequests >= input.Count : batch.TotalRequests == input.Count;
            if (mayBe && await HasSameCallsAsync(batch.Id, input, cancellationToken))
            {
                found.Add(batch.Id);
            }
        }

        return found;
    }

    private async Task<bool> HasSameCallsAsync(string batchId, CallInput input, CancellationToken cancellationToken)
    {
        var sample = new Dictionary<int, Request>();
        var options = new ReadOptions { Fields = ["index", "spawned_by", "path", "method", "params_json"] };
        await foreach (var result in client.Open(batchId).ReadResultsAsync(options, cancellationToken).Take(Compared))
        {
            if (result.SpawnedBy == batchId)
            {
                sample[result.Index] = result.Request;
            }
        }

        var index = 0;
        await foreach (var call in input.ReadAsync(cancellationToken))
        {
            if (sample.TryGetValue(index, out var other) && !IsSame(call, other))
            {
                return false;
            }

            index++;
        }

        return true;
    }

    private static bool IsSame(Request call, Request other) =>
        call.Path == other.Path
        && call.ParamsJson == other.ParamsJson
        && (call.Method.Length == 0 ? "GET" : call.Method.ToUpperInvariant()) == other.Method;

    private static async Task<(bool HasSpawners, bool AreRepeatable)> ReadShapeAsync(
        CallInput input, CancellationToken cancellationToken)
    {
        var (hasSpawners, areRepeatable) = (false, true);
        await foreach (var call in input.ReadAsync(cancellationToken))
        {
            hasSpawners |= call.Spawner;
            areRepeatable &= call.Method.ToUpperInvariant() is "" or "GET" or "HEAD" or "OPTIONS" or "PUT" or "DELETE";
        }

        return (hasSpawners, areRepeatable);
    }
}
