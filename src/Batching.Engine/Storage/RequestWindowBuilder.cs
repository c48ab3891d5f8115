using Batching.V1;
using Google.Protobuf;

namespace Batching.Engine.Storage;

/// <summary>Gathers consecutive requests into as few windows as the bounds allow. Not thread-safe.</summary>
/// <param name="firstIndex">The index of the first request.</param>
internal sealed class RequestWindowBuilder(int firstIndex)
{
    private readonly Batch _open = new();
    private List<RequestWindow> _closed = [];
    private int _next = firstIndex;
    private int _openBytes;

    /// <summary>Bytes of the windows that are closed and not taken yet.</summary>
    public long ClosedBytes { get; private set; }

    /// <summary>Adds a request behind the others.</summary>
    public void Add(Request request)
    {
        var size = request.CalculateSize();
        if (_open.Requests.Count == RequestWindow.MaxCount
            || (_open.Requests.Count > 0 && _openBytes + size > RequestWindow.MaxBytes))
        {
            Close();
        }

        _open.Requests.Add(request);
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
        if (_open.Requests.Count > 0)
        {
            Close();
        }

        return TakeClosed();
    }

    private void Close()
    {
        var window = new RequestWindow(_next, _open.Requests.Count, _open.ToByteArray());
        _closed.Add(window);
        ClosedBytes += window.Data.Length;
        _next += window.Count;
        _open.Requests.Clear();
        _openBytes = 0;
    }
}
