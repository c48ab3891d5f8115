namespace Batching.Engine.Model;

/// <summary>Gathers the results of one batch into segments. Not thread-safe.</summary>
/// <param name="firstPosition">The position that the first result gets.</param>
public sealed class ResultSegmentBuilder(int firstPosition)
{
    private readonly List<ResultSegment> _closed = [];
    private readonly List<(ResultEntry Entry, ReadOnlyMemory<byte> Headers, ReadOnlyMemory<byte> Body)> _open = [];
    private int _firstPosition = firstPosition;
    private int _payloadLength;

    /// <summary>Adds a result; its bytes are copied when the segment is closed.</summary>
    public void Add(
        int index,
        int statusCode,
        Failure failure,
        DateTimeOffset doneTime,
        long size,
        ReadOnlyMemory<byte> headers,
        ReadOnlyMemory<byte> body)
    {
        var length = headers.Length + body.Length;
        if (_open.Count > 0 && _payloadLength + length > ResultSegment.TargetPayloadBytes)
        {
            Close();
        }

        var entry = new ResultEntry(
            index, statusCode, failure, doneTime, size, _payloadLength, headers.Length, body.Length);
        _open.Add((entry, headers, body));
        _payloadLength += length;
    }

    /// <summary>Returns all segments; the builder must not be used afterwards.</summary>
    public IReadOnlyList<ResultSegment> Build()
    {
        if (_open.Count > 0)
        {
            Close();
        }

        return _closed;
    }

    private void Close()
    {
        var entries = GC.AllocateUninitializedArray<byte>(_open.Count * ResultEntry.EncodedLength);
        var payload = GC.AllocateUninitializedArray<byte>(_payloadLength);
        for (var i = 0; i < _open.Count; i++)
        {
            var (entry, headers, body) = _open[i];
            entry.Write(entries.AsSpan(i * ResultEntry.EncodedLength));
            headers.CopyTo(payload.AsMemory(entry.Offset));
            body.CopyTo(payload.AsMemory(entry.Offset + entry.HeadersLength));
        }

        _closed.Add(new ResultSegment(_firstPosition, entries, payload));
        _firstPosition += _open.Count;
        _open.Clear();
        _payloadLength = 0;
    }
}
