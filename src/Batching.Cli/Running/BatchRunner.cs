using Batching.Cli.Input;
using Batching.Cli.Output;
using Batching.Cli.Terminal;
using Batching.Client;
using Grpc.Core;

namespace Batching.Cli.Running;

/// <summary>Submits calls and reads their results, and goes on with a run that was cut.</summary>
internal sealed class BatchRunner(CliContext context, BatchClient client)
{
    // For so long a batch is there for certain, unless the gateway is configured to keep batches for a shorter time.
    private static readonly TimeSpan KeyTime = TimeSpan.FromHours(1);

    private readonly Submitter _submitter = new(client);
    private readonly ResultsReader _results = new(context, client);

    /// <summary>Runs calls.</summary>
    /// <returns>The exit code.</returns>
    public Task<int> RunAsync(RunPlan plan, CancellationToken cancellationToken) =>
        plan.Output is { } path ? RunToFileAsync(plan, path, cancellationToken) : RunToOutputAsync(plan, cancellationToken);

    /// <summary>Goes on with a run.</summary>
    /// <param name="path">Its output file.</param>
    /// <param name="batchId">The batch that is known to be that of the run; null if that need not be said.</param>
    /// <param name="again">Whether the calls are submitted again whatever became of the submission before.</param>
    /// <param name="cancellationToken">Cuts it once more.</param>
    /// <returns>The exit code.</returns>
    public async Task<int> ResumeAsync(string path, string? batchId, bool again, CancellationToken cancellationToken)
    {
        using var file = OutputFile.Resume(path, context.Time);
        if (file.State.BatchId is null)
        {
            if (batchId is not null)
            {
                file.Keep(file.State with { BatchId = batchId });
            }
            else
            {
                await CheckAsync(file, again, cancellationToken);
                await SubmitAsync(file, again ? null : file.State.SubmissionKey, cancellationToken);
            }
        }
        else if (batchId is not null && batchId != file.State.BatchId)
        {
            throw new CommandFailedException(ExitCode.Usage, $"{path} is of batch {file.State.BatchId}, not of {batchId}.");
        }

        return await _results.ReadAsync(file.State.BatchId!, file, file.State.Shape, file.State.Position, cancellationToken);
    }

    private async Task<int> RunToOutputAsync(RunPlan plan, CancellationToken cancellationToken)
    {
        var copy = plan.CopyCalls is null ? null : Path.GetTempFileName();
        try
        {
            if (copy is not null)
            {
                await CopyCallsAsync(plan, copy, cancellationToken);
            }

            var input = InputOf(copy is null ? plan.Files : [copy], copy is not null, plan.Format, plan.Template);
            var batch = await context.WaitForAsync(_submitter.SubmitAsync(input, plan.NotifyUrl, key: null, cancellationToken));
            if (plan.IsDetached)
            {
                context.WriteLine(context.IsJson ? $$"""{"id":"{{batch.Id}}"}""" : batch.Id);
                return ExitCode.Success;
            }

            context.Say($"Batch {batch.Id}, {ProgressText.OfCalls(input.Count)}.");
            return await _results.ReadAsync(batch.Id, null, plan.Shape, 0, cancellationToken);
        }
        finally
        {
            if (copy is not null)
            {
                File.Delete(copy);
            }
        }
    }

    private async Task<int> RunToFileAsync(RunPlan plan, string path, CancellationToken cancellationToken)
    {
        // Before anything is written, so that nothing is left of a run that finds no gateway.
        OutputFile.Check(path, plan.Overwrite);
        await CheckGatewayAsync(cancellationToken);
        var isCopy = plan.CopyCalls is not null;
        var state = new RunState
        {
            Url = context.Url,
            Files = [.. (isCopy ? [OutputFile.CallsPathOf(path)] : plan.Files).Select(Path.GetFullPath)],
            IsCopy = isCopy,
            Format = plan.Format,
            Template = plan.Template,
            NotifyUrl = plan.NotifyUrl,
            Shape = plan.Shape,
        };
        using var file = OutputFile.Create(path, state, plan.Overwrite, context.Time);
        try
        {
            if (isCopy)
            {
                await CopyCallsAsync(plan, OutputFile.CallsPathOf(path), cancellationToken);
            }
        }
        catch (Exception)
        {
            file.Abandon();
            throw;
        }

        await SubmitAsync(file, key: null, cancellationToken);
        return await _results.ReadAsync(file.State.BatchId!, file, file.State.Shape, 0, cancellationToken);
    }

    private async Task CheckGatewayAsync(CancellationToken cancellationToken) =>
        await context.WaitForAsync(client.ListAsync(cancellationToken).FirstOrDefaultAsync(cancellationToken).AsTask());

    // What was submitted long ago may be deleted by now, and its key forgotten.
    private async Task CheckAsync(OutputFile file, bool again, CancellationToken cancellationToken)
    {
        if (again || !file.State.IsSent || context.Time.GetUtcNow() - file.State.SentTime < KeyTime)
        {
            return;
        }

        await foreach (var call in InputOf(file.State).ReadAsync(cancellationToken))
        {
            if (call.Method.ToUpperInvariant() is not ("" or "GET" or "HEAD" or "OPTIONS" or "PUT" or "DELETE"))
            {
                throw new CommandFailedException(
                    ExitCode.SubmissionUnknown,
                    $"The calls were submitted at {file.State.SentTime:u}, or not. If the gateway had them, and has deleted the batch since, they would now be made twice. \"batch list\" shows what is there: \"batch resume {file.Path} --id ID\" goes on with a batch, \"--again\" submits the calls again.");
            }
        }
    }

    private async Task SubmitAsync(OutputFile file, string? key, CancellationToken cancellationToken)
    {
        // What an earlier run has sent may be there, whatever becomes of this try.
        var wasSent = file.State.IsSent;
        try
        {
            var input = InputOf(file.State);
            if (key is null)
            {
                key = Guid.NewGuid().ToString();
                file.Keep(file.State with { IsSent = true, SubmissionKey = key, SentTime = context.Time.GetUtcNow() });
            }

            var batch = await context.WaitForAsync(_submitter.SubmitAsync(input, file.State.NotifyUrl, key, cancellationToken));
            file.Keep(file.State with { BatchId = batch.Id });
            context.Say($"Batch {batch.Id}, {ProgressText.OfCalls(input.Count)}.");
        }
        catch (SubmissionUnknownException exception)
        {
            throw new CommandFailedException(
                ExitCode.SubmissionUnknown,
                $"{exception.Message} \"batch resume {file.Path}\" finds out whether it is there, and goes on.");
        }
        catch (BatchException exception) when (exception.StatusCode == StatusCode.Aborted)
        {
            throw new CommandFailedException(
                ExitCode.SubmissionUnknown,
                $"The gateway has a batch of this run, with other calls than there are now: {string.Join(", ", file.State.Files)} has changed. \"batch list\" shows what is there: \"batch resume {file.Path} --id ID\" goes on with it, \"--again\" submits the calls again.");
        }
        catch (OperationCanceledException) when (file.State.IsSent)
        {
            // It may be there: the state stays.
            context.Say($"The gateway may have the batch, or not. \"batch resume {file.Path}\" finds out, and goes on.");
            throw;
        }
        catch (Exception) when (!wasSent)
        {
            file.Abandon();
            throw;
        }
    }

    private static async Task CopyCallsAsync(RunPlan plan, string path, CancellationToken cancellationToken)
    {
        await using var copy = File.Create(path);
        await plan.CopyCalls!(copy, cancellationToken);
        copy.Flush(flushToDisk: true);
    }

    private static CallInput InputOf(RunState state) => InputOf(state.Files, state.IsCopy, state.Format, state.Template);

    private static CallInput InputOf(IReadOnlyList<string> files, bool isCopy, CallFormat format, string? template)
    {
        try
        {
            return new CallInput(files, format, template is null ? null : new CallTemplate(template), isCopy ? "input" : null);
        }
        catch (FormatException exception)
        {
            throw new CommandFailedException(ExitCode.Usage, exception.Message);
        }
    }
}
