using System.Runtime.CompilerServices;
using Batching.Client.Internal;
using Batching.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace Batching.Client;

/// <summary>
/// A client of the gateway. Goes on by itself after failures that pass, such as a gateway that starts again, for
/// <see cref="BatchClientOptions.RetryTime"/>. May be used by several threads at once.
/// </summary>
public sealed class BatchClient : IDisposable
{
    private readonly Connection _connection;
    private readonly GrpcChannel? _channel;

    /// <summary>A client with a channel of its own, which is closed when the client is disposed.</summary>
    /// <param name="options">Its settings.</param>
    /// <param name="time">Its clock; that of the system by default.</param>
    /// <exception cref="ArgumentException">A setting is out of bounds.</exception>
    public BatchClient(BatchClientOptions options, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _channel = GrpcChannel.ForAddress(options.Address, new GrpcChannelOptions
        {
            // A handler would be taken for one that balances loads, and after a failure that waits for minutes before it connects again.
            HttpClient = new HttpClient(BatchHttpHandler.Create()) { Timeout = Timeout.InfiniteTimeSpan },
            DisposeHttpClient = true,
        });
        _connection = new Connection(_channel.CreateCallInvoker()).With(options, time ?? TimeProvider.System);
    }

    internal BatchClient(Connection connection) => _connection = connection;

    /// <summary>
    /// Submits a batch of any size. Atomic: a batch with any bad request is refused whole. Once this has returned, the batch survives
    /// a crash of the gateway.
    /// </summary>
    /// <remarks>
    /// Never makes two batches of one call, however often it is tried: all tries have the same key, by which the gateway recognises what
    /// it has. For another try the requests are enumerated anew, and have to be the same.
    /// </remarks>
    /// <param name="requests">The requests. <see cref="BatchCall"/> makes them.</param>
    /// <param name="cancellationToken">
    /// Ends the submission. If all of it was sent already, the gateway may have accepted it all the same.
    /// </param>
    /// <returns>The batch.</returns>
    /// <exception cref="SubmissionUnknownException">
    /// The answer was lost, and no other try had one within <see cref="BatchClientOptions.RetryTime"/>: the batch is there, or it is not.
    /// </exception>
    /// <exception cref="BatchException">
    /// The batch is refused, and <see cref="BatchException.Problems"/> says why; or the gateway can't be reached.
    /// </exception>
    public Task<BatchHandle> SubmitAsync(IEnumerable<Request> requests, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        return SubmitAsync(requests.ToAsyncEnumerable(), new SubmitOptions(), cancellationToken);
    }

    /// <param name="requests">The requests. <see cref="BatchCall"/> makes them.</param>
    /// <param name="options">What else is said of the batch.</param>
    /// <param name="cancellationToken">
    /// Ends the submission. If all of it was sent already, the gateway may have accepted it all the same.
    /// </param>
    /// <inheritdoc cref="SubmitAsync(IEnumerable{Request}, CancellationToken)"/>
    public Task<BatchHandle> SubmitAsync(
        IEnumerable<Request> requests, SubmitOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        return SubmitAsync(requests.ToAsyncEnumerable(), options, cancellationToken);
    }

    /// <summary>Submits a batch whose requests are read while they are sent, so that it need not be in memory.</summary>
    /// <remarks>
    /// The gateway cuts an upload off that pauses for more than a minute, unless it is configured otherwise. If the requests throw, nothing is
    /// submitted.
    /// </remarks>
    /// <inheritdoc cref="SubmitAsync(IEnumerable{Request}, CancellationToken)"/>
    public Task<BatchHandle> SubmitAsync(IAsyncEnumerable<Request> requests, CancellationToken cancellationToken = default) =>
        SubmitAsync(requests, new SubmitOptions(), cancellationToken);

    /// <param name="requests">The requests. <see cref="BatchCall"/> makes them.</param>
    /// <param name="options">What else is said of the batch.</param>
    /// <param name="cancellationToken">
    /// Ends the submission. If all of it was sent already, the gateway may have accepted it all the same.
    /// </param>
    /// <inheritdoc cref="SubmitAsync(IAsyncEnumerable{Request}, CancellationToken)"/>
    public async Task<BatchHandle> SubmitAsync(
        IAsyncEnumerable<Request> requests, SubmitOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(options);
        var batch = await new Submission(_connection, requests, options).SubmitAsync(cancellationToken).ConfigureAwait(false);
        return Open(batch.Id);
    }

    /// <summary>A batch that was submitted before. Makes no call.</summary>
    /// <param name="batchId">Its id.</param>
    public BatchHandle Open(string batchId)
    {
        ArgumentException.ThrowIfNullOrEmpty(batchId);
        return new BatchHandle(_connection, batchId);
    }

    /// <summary>The caller's batches, newest first, without their requests. Read in pages while they are enumerated.</summary>
    /// <exception cref="BatchException">The gateway can't be reached, or refuses the caller.</exception>
    public async IAsyncEnumerable<Batch> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var request = new ListBatchesRequest();
        do
        {
            var page = await _connection.CallAsync(call => _connection.Batches.ListBatchesAsync(request, call), cancellationToken)
                .ConfigureAwait(false);
            foreach (var batch in page!.Batches)
            {
                yield return batch;
            }

            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
    }

    /// <summary>
    /// Runs a keyed batch: makes a few calls side by side, and returns when each has its reply. Nothing is stored. A call that is bad
    /// or fails has an error as its reply, and leaves the others alone.
    /// </summary>
    /// <remarks>
    /// If the answer is lost, the calls are made again only if all of them are GET, HEAD, OPTIONS, PUT or DELETE. A reply that has no room in the
    /// message of 4 MiB fails with <c>REPLY_TOO_LARGE</c>; such calls belong in a batch.
    /// </remarks>
    /// <param name="calls">Each key once; at most 100 unless the gateway is configured otherwise.</param>
    /// <param name="cancellationToken">Ends the batch, and aborts the calls that are under way.</param>
    /// <returns>The replies by their keys, in the order of the calls.</returns>
    /// <exception cref="BatchException">The batch is refused, or the gateway can't be reached.</exception>
    public async Task<IReadOnlyDictionary<string, CallReply>> RunAsync(
        IEnumerable<KeyValuePair<string, Request>> calls, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(calls);
        var request = new RunBatchRequest
        {
            Calls = { calls.Select(call => new KeyedRequest { Key = call.Key, Request = call.Value }) },
        };
        var mayBeTwice = request.Calls.All(call => call.Request.Method.ToUpperInvariant()
            is "" or "GET" or "HEAD" or "OPTIONS" or "PUT" or "DELETE");
        var retry = _connection.NewRetry();
        while (true)
        {
            try
            {
                var response = await _connection.Keyed.RunBatchAsync(request, _connection.OptionsOf(cancellationToken))
                    .ConfigureAwait(false);
                return new OrderedDictionary<string, CallReply>(
                    response.Replies.Select(reply => KeyValuePair.Create(reply.Key, new CallReply(reply.Response))),
                    StringComparer.Ordinal);
            }
            catch (RpcException exception)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var mayBeAgain = mayBeTwice ? exception.IsTransient(cancellationToken) : exception.HasChangedNothing();
                if (!mayBeAgain || !await retry.WaitAsync(exception, cancellationToken).ConfigureAwait(false))
                {
                    throw exception.ToBatchException();
                }
            }
        }
    }

    /// <summary>
    /// Tries a spawner without running it: makes its first call, and says how it would go on from there. Nothing is stored.
    /// </summary>
    /// <param name="request">The spawner, as it would be submitted.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="BatchException">The request is wrong, or the gateway can't be reached.</exception>
    public async Task<DetectPaginationResponse> DetectPaginationAsync(
        Request request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var retry = _connection.NewRetry();
        while (true)
        {
            try
            {
                return await _connection.Batches.DetectPaginationAsync(
                    new DetectPaginationRequest { Request = request }, _connection.OptionsOf(cancellationToken)).ConfigureAwait(false);
            }
            catch (RpcException exception)
            {
                // A spawner is safe to be sent again: the gateway takes no other.
                cancellationToken.ThrowIfCancellationRequested();
                if (!exception.IsTransient(cancellationToken)
                    || !await retry.WaitAsync(exception, cancellationToken).ConfigureAwait(false))
                {
                    throw exception.ToBatchException();
                }
            }
        }
    }

    /// <summary>
    /// Asks for the limits that a caller has to keep, the batch APIs that the gateway speaks, and the paths that lead to an API.
    /// </summary>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="BatchException">
    /// The gateway can't be reached, or does not tell the caller: <c>PermissionDenied</c>, or <c>Unimplemented</c> if it tells nobody.
    /// </exception>
    public async Task<GetGatewayResponse> GetGatewayAsync(CancellationToken cancellationToken = default) =>
        (await _connection.CallAsync(
            call => _connection.Gateway.GetGatewayAsync(new GetGatewayRequest(), call), cancellationToken).ConfigureAwait(false))!;

    /// <summary>Closes the channel, if it is the client's own.</summary>
    public void Dispose() => _channel?.Dispose();
}
