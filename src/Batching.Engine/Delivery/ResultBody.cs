using Batching.Engine.Quotas;
using Batching.Engine.Storage;

namespace Batching.Engine.Delivery;

/// <summary>The body of one response, which stays in the store while it is read. Dispose it in the end.</summary>
public sealed class ResultBody : IDisposable
{
    private readonly ResultReader _results;
    private readonly long _batchKey;
    private readonly int _position;
    private readonly int _start;
    private readonly QuotaLease _lease;

    internal ResultBody(ResultReader results, long batchKey, int position, int start, QuotaLease lease)
    {
        _results = results;
        _batchKey = batchKey;
        _position = position;
        _start = start;
        _lease = lease;
    }

    /// <summary>Its bytes; none where the gateway had to answer in the API's place.</summary>
    public required int Length { get; init; }

    /// <summary>Its <c>content-type</c>; empty if it has none.</summary>
    public required string ContentType { get; init; }

    /// <summary>Its <c>content-encoding</c>; empty if it has none.</summary>
    public required string ContentEncoding { get; init; }

    /// <summary>Reads a part of it, which must be there: what lies behind its end belongs to others.</summary>
    /// <returns>False if it was deleted meanwhile.</returns>
    public async ValueTask<bool> ReadAsync(int offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)offset + destination.Length, Length);
        var read = await _results.ReadPayloadAsync(
            _batchKey, _position, _start + offset, destination, cancellationToken);
        return read == destination.Length;
    }

    /// <summary>It is not read any more.</summary>
    public void Dispose() => _lease.Dispose();
}
