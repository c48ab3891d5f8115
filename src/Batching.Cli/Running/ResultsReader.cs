using System.Globalization;
using Batching.Cli.Output;
using Batching.Client;
using Batching.V1;

namespace Batching.Cli.Running;

/// <summary>Reads the results of a batch to a file or to standard output.</summary>
internal sealed class ResultsReader(CliContext context, BatchClient client)
{
    /// <summary>Reads until the batch is done.</summary>
    /// <param name="batchId">The batch.</param>
    /// <param name="file">The file; null for standard output.</param>
    /// <param name="shape">What is written of each result.</param>
    /// <param name="after">The position to start behind.</param>
    /// <param name="cancellationToken">Stops the reading, and leaves the batch alone.</param>
    /// <returns>The exit code.</returns>
    public async Task<int> ReadAsync(
        string batchId, OutputFile? file, OutputShape shape, long after, CancellationToken cancellationToken)
    {
        var output = file?.Stream ?? context.Output;
        IResultWriter writer = shape.Items ? new ItemLines(output, shape.ItemsPointer) : new ResultLines(output, shape);
        var batch = client.Open(batchId);
        var position = after;
        var isExpired = false;
        try
        {
            await context.NewProgressView().ShowAsync(async progress =>
            {
                var options = new ReadOptions { After = after, MaxBodyBytes = ResponseJson.MaxBodyBytes, Progress = progress };
                await foreach (var result in batch.ReadResultsAsync(options, cancellationToken))
                {
                    // A line is written whole, or the run is dead.
                    await writer.WriteAsync(result, CancellationToken.None);
                    position = result.Position;
                    isExpired |= result.IsExpired;
                    file?.CheckpointIfDue(position);
                }
            });
        }
        catch (Exception exception) when (exception is OperationCanceledException or BatchException)
        {
            file?.Checkpoint(position);
            context.Say(file is not null
                ? $"The batch goes on at the gateway. Go on with: batch resume {file.Path}"
                : $"The batch goes on at the gateway. Go on with: batch results {batchId} --after {position}");
            throw;
        }

        file?.Complete();
        var status = await batch.GetStatusAsync(cancellationToken);
        Conclude(status, file);
        if (writer.Problem is { } problem)
        {
            throw new CommandFailedException(ExitCode.SomeFailed, problem);
        }

        return isExpired || status.State == BatchState.Cancelled ? ExitCode.Incomplete
            : status.FailedRequests > 0 ? ExitCode.SomeFailed
            : ExitCode.Success;
    }

    private void Conclude(Batch status, OutputFile? file)
    {
        if (!context.IsJson)
        {
            var seconds = ((status.DoneTime ?? status.CreateTime) - status.CreateTime).ToTimeSpan().TotalSeconds;
            context.Say(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{status.TotalRequests:N0} done, {status.FailedRequests:N0} failed, in {seconds:N1} s.")
                + (file is null ? "" : $" The results are in {file.Path}."));
        }
        else if (file is null)
        {
            context.Error.WriteLine(BatchText.ToJson(status));
        }
        else
        {
            context.WriteLine(BatchText.ToJson(status));
        }
    }
}
