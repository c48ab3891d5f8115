using Batching.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Engine.Model;

/// <summary>
/// A run of consecutive requests of a batch, encoded. Requests are stored and read by the window, so that
/// neither memory nor a statement ever holds all of a large batch. They are decoded one by one, when they are wanted:
/// as bytes they cost the garbage collector nothing. Thread-safe.
/// </summary>
public sealed class RequestWindow
{
    /// <summary>A window is closed when it holds this many requests …</summary>
    public const int MaxCount = 256;

    /// <summary>… or this many bytes, whichever comes first. One larger request makes a window of its own.</summary>
    public const int MaxBytes = 64 * 1024;

    private const byte PathTag = (Request.PathFieldNumber << 3) | (int)WireFormat.WireType.LengthDelimited;
    private const byte MethodTag = (Request.MethodFieldNumber << 3) | (int)WireFormat.WireType.LengthDelimited;

    // Found out when the first request is wanted.
    private (int Offset, int Length)[]? _places;

    /// <summary>Puts a window together from its stored parts.</summary>
    /// <param name="firstIndex">The index of the first request; the batch's first has 0.</param>
    /// <param name="count">The number of requests, at least 1.</param>
    /// <param name="data">The requests as a serialized <see cref="Batch"/>.</param>
    public RequestWindow(int firstIndex, int count, byte[] data)
    {
        FirstIndex = firstIndex;
        Count = count;
        Data = data;
    }

    /// <summary>The index of the first request; the batch's first has 0.</summary>
    public int FirstIndex { get; }

    /// <summary>The number of requests, at least 1.</summary>
    public int Count { get; }

    /// <summary>The requests as a serialized <see cref="Batch"/>.</summary>
    public byte[] Data { get; }

    /// <summary>The index behind the last request.</summary>
    public int EndIndex => FirstIndex + Count;

    /// <summary>The request of an index, decoded anew each time: it is the caller's own.</summary>
    public Request this[int index]
    {
        get
        {
            var (offset, length) = Find(index);
            return Request.Parser.ParseFrom(Data.AsSpan(offset, length));
        }
    }

    /// <summary>Encodes requests into as few windows as the bounds allow.</summary>
    public static IReadOnlyList<RequestWindow> Encode(IReadOnlyList<Request> requests, int firstIndex)
    {
        var builder = new RequestWindowBuilder(firstIndex);
        foreach (var request in requests)
        {
            builder.Add(request);
        }

        return builder.TakeAll();
    }

    /// <summary>Whether the request of an index is in this window.</summary>
    public bool Holds(int index) => index >= FirstIndex && index < EndIndex;

    /// <summary>Whether a request is the row of a page, see <see cref="PageRow"/>.</summary>
    internal bool IsPageRow(int index)
    {
        // Fields stand in the order of their numbers: the method comes first, or behind the path.
        var (at, length) = Find(index);
        var end = at + length;
        if (at < end && Data[at] == PathTag)
        {
            at++;
            var path = RequestFrame.ReadLength(Data, ref at);
            at += path;
        }

        return at < end && Data[at] != MethodTag;
    }

    /// <summary>Encoded bytes of a request.</summary>
    public int SizeOf(int index) => Find(index).Length;

    /// <summary>
    /// Reads fields of a definition that callers are shown. What they are not shown, header fields and body, may be many
    /// bytes, and is passed over.
    /// </summary>
    /// <param name="index">The index of the request.</param>
    /// <param name="view">Where the fields are set; those that the definition lacks stay as they are.</param>
    /// <param name="fields">Which are wanted.</param>
    internal void ReadShown(int index, Request view, RequestFields fields)
    {
        var (offset, length) = Find(index);
        using var input = new CodedInputStream(Data, offset, length);
        while (input.ReadTag() is var tag && tag != 0)
        {
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case Request.PathFieldNumber when fields.Has(RequestFields.Path):
                    view.Path = input.ReadString();
                    break;
                case Request.MethodFieldNumber when fields.Has(RequestFields.Method):
                    view.Method = input.ReadString();
                    break;
                case Request.ParamsFieldNumber when fields.Has(RequestFields.Params):
                    input.ReadMessage(view.Params = new Struct());
                    break;
                case Request.ParamsJsonFieldNumber when fields.Has(RequestFields.ParamsJson):
                    view.ParamsJson = input.ReadString();
                    break;
                case Request.QueryFieldNumber when fields.Has(RequestFields.Query):
                    var parameter = new QueryParameter();
                    input.ReadMessage(parameter);
                    view.Query.Add(parameter);
                    break;
                case Request.SpawnerFieldNumber when fields.Has(RequestFields.Spawner):
                    view.Spawner = input.ReadBool();
                    break;
                case Request.SpawnedByFieldNumber when fields.Has(RequestFields.SpawnedBy):
                    view.SpawnedBy = input.ReadString();
                    break;
                case Request.CreateTimeFieldNumber when fields.Has(RequestFields.CreateTime):
                    input.ReadMessage(view.CreateTime = new Timestamp());
                    break;
                case Request.KeyFieldNumber when fields.Has(RequestFields.Key):
                    view.Key = input.ReadString();
                    break;
                case Request.DependsOnFieldNumber when fields.Has(RequestFields.DependsOn):
                    view.DependsOn.Add(input.ReadString());
                    break;
                case Request.RunWhenFieldNumber when fields.Has(RequestFields.RunWhen):
                    view.RunWhen = (RunWhen)input.ReadEnum();
                    break;
                case Request.ReferencesFieldNumber when fields.Has(RequestFields.References):
                    view.References = input.ReadBool();
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }
    }

    private (int Offset, int Length) Find(int index) => (_places ??= FindPlaces())[index - FirstIndex];

    private (int Offset, int Length)[] FindPlaces()
    {
        var places = new (int, int)[Count];
        var at = 0;
        for (var i = 0; i < places.Length; i++)
        {
            var length = RequestFrame.Read(Data, ref at);
            places[i] = (at, length);
            at += length;
        }

        return places;
    }
}
