using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Storage;

namespace Batching.Engine.Files;

/// <summary>
/// One file on its way in. What has arrived is staged in the store bit by bit, so that no more than a bit is in memory, which
/// is charged to its owner. What is not completed in the end is deleted. Not thread-safe.
/// </summary>
public sealed class FileUpload : IAsyncDisposable
{
    private const int ChunksPerBit = 4;

    /// <summary>Bytes that are held until they are stored.</summary>
    internal const int HeldBytes = ChunksPerBit * IFileStore.ChunkBytes;

    private readonly IFileStore _store;
    private readonly BatchIds _ids;
    private readonly string _owner;
    private readonly QuotaLease _stream;
    private readonly ByteLease _memory;
    private readonly TimeProvider _time;
    private readonly List<byte[]> _chunks = [];
    private byte[] _chunk = new byte[IFileStore.ChunkBytes];
    private int _filled;
    private long _staged;
    private long? _key;
    private bool _isComplete;

    internal FileUpload(
        IFileStore store, BatchIds ids, string owner, QuotaLease stream, ByteLease memory, TimeProvider time)
    {
        _store = store;
        _ids = ids;
        _owner = owner;
        _stream = stream;
        _memory = memory;
        _time = time;
    }

    /// <summary>The part of its owner's quota that it takes.</summary>
    internal QuotaLease? Quota { get; set; }

    /// <summary>Bytes that have arrived.</summary>
    public long Bytes => _staged + _chunks.Sum(chunk => (long)chunk.Length) + _filled;

    /// <summary>Adds the next bytes. Waits while the store is behind, which keeps the client from sending more.</summary>
    /// <returns>Why the upload can't go on; null if it can.</returns>
    /// <exception cref="StoreUnavailableException">The upload can't go on.</exception>
    public async ValueTask<Refusal?> WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (bytes.Length > 0)
        {
            var count = Math.Min(bytes.Length, _chunk.Length - _filled);
            bytes[..count].CopyTo(_chunk.AsMemory(_filled));
            bytes = bytes[count..];
            _filled += count;
            if (_filled < _chunk.Length)
            {
                continue;
            }

            _chunks.Add(_chunk);
            _chunk = new byte[IFileStore.ChunkBytes];
            _filled = 0;
            if (_chunks.Count == ChunksPerBit && await StageAsync(cancellationToken) is { } refusal)
            {
                return refusal;
            }
        }

        return null;
    }

    /// <summary>Adds the file: everything has arrived. It is durable when this returns.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="purpose">What it is for.</param>
    /// <param name="retention">How long it is kept.</param>
    /// <param name="cancellationToken">The caller has gone, and the file is not added.</param>
    /// <exception cref="StoreUnavailableException">It is not added.</exception>
    public async ValueTask<Outcome<FileRecord>> CompleteAsync(
        string name, string purpose, TimeSpan retention, CancellationToken cancellationToken)
    {
        if (_filled > 0)
        {
            _chunks.Add(_chunk[.._filled]);
            _filled = 0;
        }

        if (_chunks.Count > 0 && await StageAsync(cancellationToken) is { } refusal)
        {
            return refusal;
        }

        _key ??= await _ids.ReserveAsync(1, cancellationToken);
        var now = DateTimeOffset.FromUnixTimeMilliseconds(_time.GetUtcNow().ToUnixTimeMilliseconds());
        var file = new FileRecord
        {
            Key = _key.Value,
            Owner = _owner,
            Name = name,
            Purpose = purpose,
            Bytes = _staged,
            CreateTime = now,
            ExpireTime = now + retention,
        };
        cancellationToken.ThrowIfCancellationRequested();
        await _store.AddFileAsync(file, CancellationToken.None);
        _isComplete = true;
        return file;
    }

    /// <summary>Deletes what was staged, unless it was completed. A store that fails does it at its next start.</summary>
    public async ValueTask DisposeAsync()
    {
        _memory.Dispose();
        if (_key is { } key && !_isComplete)
        {
            try
            {
                await _store.DeleteFileAsync(key, CancellationToken.None);
            }
            catch (StoreUnavailableException)
            {
                // Nobody sees it meanwhile.
            }
        }

        Quota?.Dispose();
        _stream.Dispose();
    }

    private async ValueTask<Refusal?> StageAsync(CancellationToken cancellationToken)
    {
        var bytes = _chunks.Sum(chunk => (long)chunk.Length);
        if (await Quota!.GrowAsync(requests: 0, bytes, cancellationToken) is { } refusal)
        {
            return refusal;
        }

        _key ??= await _ids.ReserveAsync(1, cancellationToken);
        await _store.StageFileAsync(_key.Value, _staged, [.. _chunks], CancellationToken.None);
        _staged += bytes;
        _chunks.Clear();
        return null;
    }
}
