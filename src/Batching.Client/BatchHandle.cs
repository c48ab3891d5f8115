using System.Runtime.CompilerServices;
using Batching.Client.Internal;
using Batching.V1;
using Grpc.Core;

namespace Batching.Client;

/// <summary>A batch at the gateway. May be used by several threads at once.</summary>
public sealed class BatchHandle
{
    private readonly Connection _connection;

    internal BatchHandle(Connection connection, string id)
    {
        _connection = connection;
        Id = id;
    }

    /// <summary>The id of the batch: 16 digits. Whoever keeps it can go on later, with <see cref="BatchClient.Open"/>.</summary>
    public string Id { get; }

    /// <summary>
    /// Reads every result of the batch, those that are there and those that are still to come, in the order of their positions, and
    /// ends when the batch is done. If the connection breaks, or the gateway starts again, it goes on behind the last result: each
    /// one comes once. Bodies that are too large for a message of the gateway are read on their own.
    /// </summary>
    /// <remarks>
    /// A result counts as dealt with when the next one is asked for. To go on in another process, keep
    /// <see cref="BatchResult.Position"/> together with what was made of the result, and give it as <see cref="ReadOptions.After"/>.
    /// </remarks>
    /// <param name="options">How to read; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the reading; the batch goes on.</param>
    /// <exception cref="BatchException">
    /// There is no such batch, it was deleted meanwhile, or the gateway can't be reached for <see cref="BatchClientOptions.RetryTime"/>.
    /// </exception>
    public async IAsyncEnumerable<BatchResult> ReadResultsAsync(
        ReadOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        options ??= new ReadOptions();
        ArgumentOutOfRangeException.ThrowIfNegative(options.After);
        ArgumentOutOfRangeException.ThrowIfNegative(options.MaxBodyBytes);
        var reader = new ResultReader(_connection, Id, options);
        var watch = new ProgressWatch(
            this, _connection.Options.ProgressInterval, _connection.Time, () => reader.Position, options.Progress, cancellationToken);
        await using (watch.ConfigureAwait(false))
        {
            await foreach (var result in reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return result;
            }
        }

        if (options.Progress is { } progress && await FindStatusAsync(cancellationToken).ConfigureAwait(false) is { } last)
        {
            progress.Report(BatchProgress.Of(last, reader.Position));
        }
    }

    /// <summary>Waits until every request has a result, without reading the results.</summary>
    /// <param name="progress">Is told of the progress; null for nobody.</param>
    /// <param name="cancellationToken">Ends the waiting; the batch goes on.</param>
    /// <returns>The batch as it then is.</returns>
    /// <exception cref="BatchException">
    /// There is no such batch, or the gateway can't be reached for <see cref="BatchClientOptions.RetryTime"/>.
    /// </exception>
    public async Task<Batch> WaitAsync(IProgress<BatchProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var batch = await GetStatusAsync(cancellationToken).ConfigureAwait(false);
            progress?.Report(BatchProgress.Of(batch, read: 0));
            if (batch.RunningRequests == 0 && !batch.Open)
            {
                return batch;
            }

            await Task.Delay(_connection.Options.ProgressInterval, _connection.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The batch as it stands, without its requests.</summary>
    /// <exception cref="BatchException">There is no such batch, or the gateway can't be reached.</exception>
    public async Task<Batch> GetStatusAsync(CancellationToken cancellationToken = default) => (await _connection.CallAsync(
        call => _connection.Batches.GetBatchStatusAsync(new GetBatchStatusRequest { BatchId = Id }, call),
        cancellationToken).ConfigureAwait(false))!.Batch;

    /// <summary>
    /// Reads the body of one response, of any size, and goes on where it was if the connection breaks. Changes nothing at the gateway.
    /// </summary>
    /// <param name="requestId">The id of the request: <see cref="BatchResult.Id"/>.</param>
    /// <param name="destination">Gets the bytes, exactly as the API sent them.</param>
    /// <param name="offset">Bytes to leave out at the beginning.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="BatchException">
    /// There is no such request, it has no result yet (<c>FailedPrecondition</c>), the batch has expired (the same), or the gateway
    /// can't be reached.
    /// </exception>
    public async Task CopyBodyToAsync(
        string requestId, Stream destination, long offset = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        var reader = new BodyReader(_connection, Id);
        await foreach (var chunk in reader.ReadAsync(requestId, offset, cancellationToken).ConfigureAwait(false))
        {
            await destination.WriteAsync(chunk, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Appends requests to a batch that was submitted with <see cref="SubmitOptions.KeepOpen"/>, all of them or none. If the answer is lost
    /// it is asked for again: the gateway recognises the last append.
    /// </summary>
    /// <param name="requests">The requests: as many as fit into one message, and no spawners.</param>
    /// <param name="offset">
    /// The number of requests that the batch was given before: <see cref="Batch.SubmittedRequests"/> of the batch as it was last seen.
    /// </param>
    /// <param name="cancellationToken">Ends the call; the requests may be appended all the same.</param>
    /// <returns>The batch, with the requests that were appended.</returns>
    /// <exception cref="BatchException">
    /// The requests are refused, and <see cref="BatchException.Problems"/> says why; the batch takes no more (<c>FailedPrecondition</c>), or
    /// was given others in the meantime (<c>Aborted</c>); or the gateway can't be reached.
    /// </exception>
    public async Task<Batch> AppendAsync(
        IReadOnlyCollection<Request> requests, long offset, CancellationToken cancellationToken = default) => (await _connection.CallAsync(
        call => _connection.Batches.AppendRequestsAsync(
            new AppendRequestsRequest { BatchId = Id, Offset = offset, Requests = { requests } }, call),
        cancellationToken).ConfigureAwait(false))!.Batch;

    /// <summary>Seals an open batch: it takes no more requests. A batch that is not open stays as it is.</summary>
    /// <exception cref="BatchException">There is no such batch, or the gateway can't be reached.</exception>
    public async Task<Batch> SealAsync(CancellationToken cancellationToken = default) => (await _connection.CallAsync(
        call => _connection.Batches.SealBatchAsync(new SealBatchRequest { BatchId = Id }, call),
        cancellationToken).ConfigureAwait(false))!.Batch;

    /// <summary>
    /// Cancels the batch: requests without a result end as <c>CANCELLED</c>, and results that are there stay. A batch that is done
    /// stays as it is.
    /// </summary>
    /// <returns>The batch, of which requests may still be about to end.</returns>
    /// <exception cref="BatchException">There is no such batch, or the gateway can't be reached.</exception>
    public async Task<Batch> CancelAsync(CancellationToken cancellationToken = default) => (await _connection.CallAsync(
        call => _connection.Batches.CancelBatchAsync(new CancelBatchRequest { BatchId = Id }, call),
        cancellationToken).ConfigureAwait(false))!.Batch;

    /// <summary>Cancels the batch if it still runs, and deletes everything of it.</summary>
    /// <exception cref="BatchException">There is no such batch, or the gateway can't be reached.</exception>
    public Task DeleteAsync(CancellationToken cancellationToken = default) => _connection.CallAsync(
        call => _connection.Batches.DeleteBatchAsync(new DeleteBatchRequest { BatchId = Id }, call),
        cancellationToken,
        // The try before has deleted it, and its answer was lost.
        isDone: failure => failure.StatusCode == StatusCode.NotFound);

    // All results are read: that nobody can tell the progress any more is no failure.
    private async Task<Batch?> FindStatusAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await GetStatusAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (BatchException)
        {
            return null;
        }
    }
}
