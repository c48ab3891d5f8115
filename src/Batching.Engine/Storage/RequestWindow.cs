using Batching.V1;
using Google.Protobuf;

namespace Batching.Engine.Storage;

/// <summary>
/// A run of consecutive requests of a batch, encoded. Requests are stored and read by the window, so that
/// neither memory nor a statement ever holds all of a large batch.
/// </summary>
/// <param name="FirstIndex">The index of the first request; the batch's first has 0.</param>
/// <param name="Count">How many requests there are, at least 1.</param>
/// <param name="Data">The requests as a serialized <see cref="Batch"/>.</param>
public sealed record RequestWindow(int FirstIndex, int Count, byte[] Data)
{
    /// <summary>A window is closed when it holds this many requests …</summary>
    public const int MaxCount = 256;

    /// <summary>… or this many bytes, whichever comes first. One larger request makes a window of its own.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>Encodes requests into as few windows as the bounds allow.</summary>
    public static IReadOnlyList<RequestWindow> Encode(IReadOnlyList<Request> requests, int firstIndex)
    {
        var windows = new List<RequestWindow>();
        var open = new Batch();
        var bytes = 0;
        for (var i = 0; i < requests.Count; i++)
        {
            var size = requests[i].CalculateSize();
            if (open.Requests.Count == MaxCount || (open.Requests.Count > 0 && bytes + size > MaxBytes))
            {
                Close(i);
            }

            open.Requests.Add(requests[i]);
            bytes += size;
        }

        if (open.Requests.Count > 0)
        {
            Close(requests.Count);
        }

        return windows;

        void Close(int end)
        {
            var count = open.Requests.Count;
            windows.Add(new RequestWindow(firstIndex + end - count, count, open.ToByteArray()));
            open.Requests.Clear();
            bytes = 0;
        }
    }

    /// <summary>Decodes the requests. They are shared by all readers of the window: don't change them.</summary>
    public IReadOnlyList<Request> Decode() => Batch.Parser.ParseFrom(Data).Requests;
}
