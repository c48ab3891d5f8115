using Batching.V1;

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

    /// <summary>The requests themselves, where they are at hand because they were just encoded.</summary>
    public IReadOnlyList<Request>? Requests { get; init; }

    /// <summary>Encodes requests into as few windows as the bounds allow.</summary>
    public static IReadOnlyList<RequestWindow> Encode(IReadOnlyList<Request> requests, int firstIndex)
    {
        var builder = new RequestWindowBuilder(firstIndex);
        foreach (var request in requests)
        {
            builder.Add(request);
        }

        // A list of its own for each window: it may be kept when the others are not.
        return [.. builder.TakeAll().Select(window => window with
        {
            Requests = [.. requests.Skip(window.FirstIndex - firstIndex).Take(window.Count)],
        })];
    }

    /// <summary>The requests, decoded if need be. They are shared by all readers of the window: don't change them.</summary>
    public IReadOnlyList<Request> Decode() =>
        Requests ?? Batch.Parser.ParseFrom(Data).Requests;
}
