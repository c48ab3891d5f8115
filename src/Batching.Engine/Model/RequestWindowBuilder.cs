using System.Buffers;
using Batching.V1;
using Google.Protobuf;

namespace Batching.Engine.Model;

/// <summary>Gathers consecutive requests into as few windows as the bounds allow. Not thread-safe.</summary>
/// <param name="firstIndex">The index of the first request.</param>
internal sealed class RequestWindowBuilder(int firstIndex)
{
    private readonly ArrayBufferWriter<byte> _open = new();
    private List<RequestWindow> _closed = [];
    private int _next = firstIndex;
    private int _openCount;
    private int _openBytes;

    /// <summary>Bytes of the windows that are closed and not taken yet.</summary>
    public long ClosedBytes { get; private set; }

    /// <summary>Adds a request behind the others.</summary>
    public void Add(Request request)
    {
        var size = request.CalculateSize();
        if (_openCount == RequestWindow.MaxCount || (_openCount > 0 && _openBytes + size > RequestWindow.MaxBytes))
        {
            Close();
        }

        var output = _open.GetSpan(RequestFrame.MaxLength + size);
        var frame = RequestFrame.Write(output, size);
        request.WriteTo(output.Slice(frame, size));
        _open.Advance(frame + size);
        _openCount++;
        _openBytes += size;
    }

    /// <summary>Takes the windows that are full.</summary>
    public IReadOnlyList<RequestWindow> TakeClosed()
    {
        var closed = _closed;
        _closed = [];
        ClosedBytes = 0;
        return closed;
    }

    /// <summary>Takes all windows.</summary>
    public IReadOnlyList<RequestWindow> TakeAll()
    {
        if (_openCount > 0)
        {
            Close();
        }

        return TakeClosed();
    }

    private void Close()
    {
        var window = new RequestWindow(_next, _openCount, _open.WrittenSpan.ToArray());
        _closed.Add(window);
        ClosedBytes += window.Data.Length;
        _next += window.Count;
        _open.ResetWrittenCount();
        _openCount = 0;
        _openBytes = 0;
    }
}
