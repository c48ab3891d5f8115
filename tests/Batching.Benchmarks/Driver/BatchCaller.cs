namespace Batching.Benchmarks.Driver;

/// <summary>
/// A client of the gateway that costs little beside it: it sends submissions made beforehand, and reads results by
/// walking over their bytes. It looks at every result all the same: a missing or a wrong one ends the figure. One caller
/// has one connection. Thread-safe.
/// </summary>
/// <param name="port">Where the gateway listens.</param>
/// <param name="body">What the API answers to everything; empty to take whatever comes.</param>
internal abstract class BatchCaller(int port, ReadOnlyMemory<byte> body) : IDisposable
{
    private const int BufferSize = 256 * 1024;

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        ActivityHeadersPropagator = null,
        // A reader that is no bottleneck itself.
        InitialHttp2StreamWindowSize = 1024 * 1024,
    });

    private readonly int _port = port;

    /// <summary>What every result must carry.</summary>
    protected ReadOnlySpan<byte> Body => body.Span;

    /// <summary>What it presents as <c>Authorization</c>, and thereby whose its batches are. Nothing by default.</summary>
    public string? Credential { get; init; }

    /// <param name="isRest">JSON over HTTP/1.1 instead of gRPC.</param>
    /// <param name="port">Where the gateway listens.</param>
    /// <param name="body">What the API answers to everything; empty to take whatever comes.</param>
    public static BatchCaller Create(bool isRest, int port, ReadOnlyMemory<byte> body) =>
        isRest ? new RestBatchCaller(port, body) : new GrpcBatchCaller(port, body);

    /// <summary>Has each caller submit a batch and fetch it, one after the other, until there were so many in all.</summary>
    public static Task RunAsync(IEnumerable<BatchCaller> callers, Submission submission, int batches) =>
        Task.WhenAll(callers.Select(caller => Task.Run(async () =>
        {
            while (Interlocked.Decrement(ref batches) >= 0)
            {
                await caller.FetchAllAsync(await caller.SubmitAsync(submission), submission.Count);
            }
        })));

    /// <summary>Submits a batch and reads all its results.</summary>
    /// <param name="submission">The batch.</param>
    /// <param name="onAcknowledged">Called when the gateway has acknowledged it.</param>
    public virtual async Task CallAsync(Submission submission, Action onAcknowledged)
    {
        var id = await SubmitAsync(submission);
        onAcknowledged();
        await FetchAllAsync(id, submission.Count);
    }

    /// <summary>Submits a batch; returns its id when the gateway has acknowledged it.</summary>
    public abstract Task<string> SubmitAsync(Submission submission);

    /// <summary>Opens the stream of a batch's results and reads it to its end.</summary>
    /// <param name="batchId">The batch.</param>
    /// <param name="count">How many results it must have.</param>
    /// <param name="onRead">Called after each read with the bytes it brought: a slow reader waits here.</param>
    /// <exception cref="InvalidDataException">A result is missing, wrong, or out of order.</exception>
    public async Task FetchAllAsync(string batchId, int count, Func<int, ValueTask>? onRead = null)
    {
        using var request = CreateFetch(batchId);
        using var response = await SendAsync(request);
        await ReadAllAsync(response, batchId, count, onRead);
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Reads a stream of results to its end.</summary>
    protected async Task ReadAllAsync(HttpResponseMessage response, string batchId, int count, Func<int, ValueTask>? onRead = null)
    {
        await using var stream = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[BufferSize];
        var length = 0;
        var position = 0;
        var ended = false;
        while (await stream.ReadAsync(buffer.AsMemory(length)) is > 0 and var read)
        {
            length += read;
            var used = 0;
            while (TakeRecord(buffer.AsSpan(used, length - used), position + 1) is { Length: > 0 } record)
            {
                used += record.Length;
                position += record.IsEnd || record.IsBatch ? 0 : 1;
                ended = record.IsEnd;
            }

            buffer.AsSpan(used, length - used).CopyTo(buffer);
            length -= used;
            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, buffer.Length * 2);
            }

            if (onRead is not null)
            {
                await onRead(read);
            }
        }

        if (!ended || length > 0 || position != count)
        {
            throw new InvalidDataException($"Batch {batchId}: {position} of {count} results, {(ended ? "ended" : "cut")}.");
        }
    }

    /// <summary>The call that opens the stream of a batch's results.</summary>
    protected abstract HttpRequestMessage CreateFetch(string batchId);

    /// <summary>Looks at the first record of what was read; none if it is not complete yet.</summary>
    /// <exception cref="InvalidDataException">It isn't the result that is to come next.</exception>
    protected abstract Record TakeRecord(ReadOnlySpan<byte> bytes, int position);

    protected Uri UriOf(string path) => new($"http://127.0.0.1:{_port}{path}");

    protected async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request)
    {
        if (Credential is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", Credential);
        }

        var response = await _http.SendAsync(request, CancellationToken.None);
        if (!response.IsSuccessStatusCode || response.Headers.Contains("grpc-status"))
        {
            throw new InvalidDataException($"{request.RequestUri}: {response} {await response.Content.ReadAsStringAsync()}");
        }

        return response;
    }

    protected static InvalidDataException Wrong(int position, ReadOnlySpan<byte> record) =>
        new($"Not result {position}: {System.Text.Encoding.UTF8.GetString(record)}");

    /// <summary>One record of a stream.</summary>
    /// <param name="Length">Its bytes; 0 for none.</param>
    /// <param name="IsEnd">It says that no result follows.</param>
    /// <param name="IsBatch">It is the batch, which stands before its results.</param>
    protected readonly record struct Record(int Length, bool IsEnd, bool IsBatch = false);
}
