using System.Security.Cryptography;
using Batching.Engine.Model;
using Microsoft.Extensions.Logging;

namespace Batching.Engine.Storage;

/// <summary>
/// The one place where batches and requests get their numbers and ids. It reserves numbers from the store by the
/// block, so that accepting a batch costs no extra write; what is left of a block when the gateway stops is never
/// used. Thread-safe once open.
/// </summary>
public sealed class BatchIds(IBatchStore store, TimeProvider? time = null) : IDisposable
{
    private const long BlockSize = 1 << 20;

    // Of several gateways each has a block of its own: the newest batches are listed first as far as the blocks are new.
    private const long SharedBlockSize = 1 << 14;
    private static readonly TimeSpan SharedBlockTime = TimeSpan.FromMilliseconds(100);

    private static readonly Func<ILogger, string, IDisposable?> BatchScope =
        LoggerMessage.DefineScope<string>("Batch {BatchId}");

    private static readonly Func<ILogger, string, string, IDisposable?> RequestScope =
        LoggerMessage.DefineScope<string, string>("Batch {BatchId}, request {RequestId}");

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private IdCodec? _codec;
    private long _next;
    private long _end;
    private long _reserved;

    private IdCodec Codec => _codec ?? throw new InvalidOperationException("The ids are used before they are open.");

    /// <summary>Reads the secret that ids are made with. To be called once, when the store is open.</summary>
    public async ValueTask OpenAsync(CancellationToken cancellationToken)
    {
        var candidate = RandomNumberGenerator.GetBytes(IdCodec.SecretLength);
        _codec = new IdCodec(await store.GetOrAddSecretAsync("ids", candidate, cancellationToken));
    }

    /// <summary>Begins a scope in which all that is logged carries the id of a batch.</summary>
    /// <returns>Ends it when it is disposed.</returns>
    public IDisposable? BeginScope(ILogger logger, long batchKey) => BatchScope(logger, OfBatch(batchKey));

    /// <summary>Begins a scope in which all that is logged carries the id of a request and of its batch.</summary>
    /// <param name="logger">Where it is logged.</param>
    /// <param name="batch">The batch.</param>
    /// <param name="index">The index of the request; without an id, that of the batch alone is carried.</param>
    /// <returns>Ends it when it is disposed.</returns>
    public IDisposable? BeginScope(ILogger logger, BatchRecord batch, int index) =>
        FindRequest(batch, index) is { } id
            ? RequestScope(logger, OfBatch(batch.Key), id)
            : BeginScope(logger, batch.Key);

    /// <summary>Reserves consecutive numbers.</summary>
    /// <param name="count">How many, at least 1.</param>
    /// <param name="cancellationToken">Stops waiting; numbers may be lost, none is given twice.</param>
    public async ValueTask<long> ReserveAsync(int count, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            var isShared = store.Sharing is not null;
            if (_end - _next < count || (isShared && _time.GetElapsedTime(_reserved) > SharedBlockTime))
            {
                var size = Math.Max(isShared ? SharedBlockSize : BlockSize, count);
                _next = await store.ReserveKeysAsync(size, cancellationToken);
                _end = _next + size;
                _reserved = _time.GetTimestamp();
            }

            var first = _next;
            _next += count;
            return first;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>The id of a batch.</summary>
    public string OfBatch(long batchKey) => Codec.ToText(batchKey);

    /// <summary>The id of a request.</summary>
    public string OfRequest(BatchRecord batch, int index)
    {
        var followers = batch.Capacity - batch.Runs.Count;
        return Codec.ToText(index < followers ? batch.Key + 1 + index : batch.Runs[index - followers]);
    }

    /// <summary>The id of a request; null if the batch as it is stored has none of that index.</summary>
    public string? FindRequest(BatchRecord batch, int index) =>
        index >= 0 && index < batch.Total ? OfRequest(batch, index) : null;

    /// <summary>The number of the batch that an id may belong to; false if no batch can have that id.</summary>
    public bool TryParseBatch(string id, out long batchKey) => Codec.TryParse(id, out batchKey);

    /// <summary>The index of a request in its batch; false if the batch has no request of that id.</summary>
    public bool TryParseRequest(string id, BatchRecord batch, out int index)
    {
        index = -1;
        if (!Codec.TryParse(id, out var number))
        {
            return false;
        }

        var followers = batch.Capacity - batch.Runs.Count;
        long found = number > batch.Key && number <= batch.Key + followers ? number - batch.Key - 1
            : batch.Runs.TryFind(number, out var place) ? followers + place : int.MaxValue;
        if (found >= batch.Total)
        {
            return false;
        }

        index = (int)found;
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();
}
