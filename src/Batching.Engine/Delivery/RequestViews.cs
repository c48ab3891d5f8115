using System.Text;
using Batching.Engine.Identifiers;
using Batching.Engine.Storage;
using Batching.Engine.Upstreams;
using Batching.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Engine.Delivery;

/// <summary>
/// Shows requests of one batch as the contract has them, with or without their results, and makes what most of them have
/// in common only once. For one call; not thread-safe.
/// </summary>
/// <param name="batches">Shows the batch.</param>
/// <param name="ids">Makes the ids.</param>
/// <param name="record">The batch.</param>
/// <param name="fields">What of the requests is wanted.</param>
internal sealed class RequestViews(BatchViews batches, BatchIds ids, BatchRecord record, RequestFields fields)
{
    // At most what a request takes in a message beside its texts, header fields, params and body: ids, times, numbers,
    // and the tags and lengths of everything.
    private const int FixedBytes = 192;

    private readonly string _batchId = ids.OfBatch(record.Key);
    private readonly Timestamp _createTime = record.CreateTime.ToTimestamp();
    private readonly DecodedHeaders _headers = new();
    private Request? _reused;

    /// <summary>The batch, as it was last read.</summary>
    public BatchRecord Record { get; set; } = record;

    /// <summary>Whether the windows of the requests are needed for what is wanted.</summary>
    public bool NeedWindows => (fields & RequestFields.Definition) != 0;

    /// <summary>A request that has no result yet.</summary>
    /// <param name="index">Its index.</param>
    /// <param name="window">Where it is; null if windows are not needed, or it is gone.</param>
    public Request ToRequest(int index, RequestWindow? window)
    {
        var view = new Request();
        AddDefinition(view, index, window);
        AddState(view, index, RequestState.Running);
        return view;
    }

    /// <summary>A finished request.</summary>
    /// <param name="segment">Where its result is, with the payload if headers or body are wanted.</param>
    /// <param name="position">Its position.</param>
    /// <param name="window">Where the request is; null if windows are not needed, or it is gone.</param>
    public Request ToResult(ResultSegment segment, int position, RequestWindow? window) =>
        AddResult(new Request(), segment, position, window);

    /// <summary>The same, but the message is the same each time too: it holds only until the next call.</summary>
    /// <inheritdoc cref="ToResult"/>
    public Request ToPassingResult(ResultSegment segment, int position, RequestWindow? window)
    {
        if (_reused is null)
        {
            return _reused = ToResult(segment, position, window);
        }

        // What is set only where there is something to set.
        _reused.Path = _reused.Method = _reused.SpawnedBy = _reused.ParamsJson = "";
        _reused.Params = null;
        _reused.Query.Clear();
        _reused.Spawner = false;
        _reused.CreateTime = null;
        return AddResult(_reused, segment, position, window);
    }

    /// <summary>Lets go of the body that the last passing result has shown.</summary>
    public void ForgetBody()
    {
        if (_reused?.Response is { } response)
        {
            response.Body = ByteString.Empty;
        }
    }

    /// <summary>
    /// Says how many bytes the result that was shown last takes in a message, or a few more, and makes them as few as
    /// there may be: the body is left out where it does not fit, and where even that does not help the header fields are.
    /// </summary>
    /// <param name="view">The result.</param>
    /// <param name="room">Bytes that there may be.</param>
    public long Fit(Request view, long room)
    {
        var bytes = FixedBytes + Encoding.UTF8.GetByteCount(view.Path) + (view.Params?.CalculateSize() ?? 0L);
        if (view.Response is not { } response)
        {
            return bytes;
        }

        bytes += _headers.MessageBytes + response.Body.Length + (response.Error?.CalculateSize() ?? 0);
        if (bytes > room && response.Body.Length > 0)
        {
            bytes -= response.Body.Length;
            OmitBody(response);
        }

        if (bytes > room)
        {
            bytes -= _headers.MessageBytes;
            response.Headers.Clear();
            response.ContentType = response.ContentEncoding = "";
            _headers.Forget();
        }

        return bytes;
    }

    /// <summary>Leaves out a body that does not fit into a message.</summary>
    public static void OmitBody(Response response)
    {
        response.Body = ByteString.Empty;
        response.BodyOmitted = true;
    }

    /// <summary>Makes a request that was just accepted its own view.</summary>
    public void AddAccepted(Request request, int index)
    {
        AddOrigin(request);
        AddState(request, index, RequestState.Running);
    }

    private void AddDefinition(Request view, int index, RequestWindow? window)
    {
        if (window is null || !NeedWindows)
        {
            return;
        }

        window.ReadShown(index, view, fields);
        AddOrigin(view);
    }

    private void AddOrigin(Request view)
    {
        if (fields.HasFlag(RequestFields.SpawnedBy) && view.SpawnedBy.Length == 0)
        {
            view.SpawnedBy = _batchId;
        }

        if (fields.HasFlag(RequestFields.CreateTime))
        {
            view.CreateTime ??= _createTime;
        }
    }

    private void AddState(Request view, int index, RequestState state)
    {
        view.Id = ids.OfRequest(Record.Key, index);
        if (fields.HasFlag(RequestFields.Index))
        {
            view.Index = index;
        }

        if (fields.HasFlag(RequestFields.State))
        {
            view.State = state;
        }
    }

    private Request AddResult(Request view, ResultSegment segment, int position, RequestWindow? window)
    {
        var entry = segment[position];
        AddDefinition(view, entry.Index, window);
        AddState(view, entry.Index, RequestState.Done);
        if (fields.HasFlag(RequestFields.DoneTime))
        {
            view.DoneTime = entry.DoneTime.ToTimestamp();
        }

        if (fields.HasFlag(RequestFields.Position))
        {
            view.Position = position;
        }

        if ((fields & RequestFields.Response) != 0)
        {
            AddResponse(view, segment, entry);
        }

        return view;
    }

    private void AddResponse(Request view, ResultSegment segment, in ResultEntry entry)
    {
        var isNew = view.Response is null;
        var response = view.Response ??= new Response();
        var isExpired = batches.IsExpired(Record);
        if (fields.HasFlag(RequestFields.StatusCode))
        {
            response.StatusCode = entry.StatusCode;
        }

        if (fields.HasFlag(RequestFields.Size))
        {
            response.Size = entry.Size;
        }

        if (fields.HasFlag(RequestFields.Expired))
        {
            response.Expired = isExpired;
        }

        if (fields.HasFlag(RequestFields.Error))
        {
            response.Error = entry.Failure == Failure.None ? null : ErrorOf(entry, isExpired ? default : segment.BodyOf(entry));
        }

        AddHeaders(response, isNew, isExpired ? default : segment.HeadersOf(entry).Span);
        if (fields.HasFlag(RequestFields.Body))
        {
            response.BodyOmitted = false;

            // Segments never change, so the message can share their memory.
            response.Body = entry.Failure != Failure.None || isExpired
                ? ByteString.Empty
                : UnsafeByteOperations.UnsafeWrap(segment.BodyOf(entry));
        }
    }

    private void AddHeaders(Response response, bool isNew, ReadOnlySpan<byte> encoded)
    {
        const RequestFields wanted = RequestFields.Headers | RequestFields.ContentType | RequestFields.ContentEncoding;
        if ((fields & wanted) == 0 || (!_headers.Decode(encoded) && !isNew))
        {
            return;
        }

        if (fields.HasFlag(RequestFields.Headers))
        {
            response.Headers.Clear();
            foreach (var (name, value) in _headers.Fields)
            {
                response.Headers[name] = value;
            }
        }

        if (fields.HasFlag(RequestFields.ContentType))
        {
            response.ContentType = _headers.ContentType;
        }

        if (fields.HasFlag(RequestFields.ContentEncoding))
        {
            response.ContentEncoding = _headers.ContentEncoding;
        }
    }

    private static Google.Rpc.Status ErrorOf(in ResultEntry entry, ReadOnlyMemory<byte> message) => entry.Failure.ToStatus(
        message.IsEmpty ? entry.Failure.Message() : Encoding.UTF8.GetString(message.Span));
}
