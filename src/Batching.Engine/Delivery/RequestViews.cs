using System.Text;
using Batching.Engine.Model;
using Batching.Engine.Storage;
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
    // At most what a request takes in a message beside its texts, header fields, params, pagination and body: ids, times, numbers,
    // and the tags and lengths of everything.
    private const int FixedBytes = 192;

    // Tag and length of one parameter of a query.
    private const int QueryFrame = 8;

    private readonly string _batchId = ids.OfBatch(record.Key);
    private readonly Timestamp _createTime = record.CreateTime.ToTimestamp();
    private readonly DecodedHeaders _headers = new();
    private BatchRecord _record = record;
    private Request? _reused;

    /// <summary>The batch, as it was last read.</summary>
    public BatchRecord Record
    {
        get => _record;
        set
        {
            _record = value;
            IsExpired = batches.IsExpired(value);
        }
    }

    /// <summary>
    /// Whether the bodies were gone when the batch was last read: one moment for the batch and all its requests, so that
    /// a reply doesn't contradict itself.
    /// </summary>
    public bool IsExpired { get; private set; } = batches.IsExpired(record);

    /// <summary>Whether the windows of the requests are needed for what is wanted.</summary>
    public bool NeedWindows => (fields & RequestFields.Definition) != 0;

    /// <summary>The batch without its requests.</summary>
    public Batch ToBatch() => batches.ToBatch(Record, IsExpired);

    /// <summary>A request that has no result yet.</summary>
    /// <param name="index">Its index.</param>
    /// <param name="stored">Where it is; null if windows are not needed, or it is gone.</param>
    public Request ToRequest(int index, StoredRequest? stored)
    {
        var view = new Request();
        AddDefinition(view, stored);
        AddState(view, index, RequestState.Running);
        return view;
    }

    /// <summary>A finished request.</summary>
    /// <param name="segment">Where its result is, with the payload if headers or body are wanted.</param>
    /// <param name="position">Its position.</param>
    /// <param name="stored">Where the request is; null if windows are not needed, or it is gone.</param>
    public Request ToResult(ResultSegment segment, int position, StoredRequest? stored) =>
        AddResult(new Request(), segment, position, stored);

    /// <summary>The same, but the message is the same each time too: it holds only until the next call.</summary>
    /// <inheritdoc cref="ToResult"/>
    public Request ToPassingResult(ResultSegment segment, int position, StoredRequest? stored)
    {
        if (_reused is null)
        {
            return _reused = ToResult(segment, position, stored);
        }

        // What is set only where there is something to set.
        _reused.Path = _reused.Method = _reused.SpawnedBy = _reused.ParamsJson = "";
        _reused.ClearKey();
        _reused.DependsOn.Clear();
        _reused.ClearRunWhen();
        _reused.ClearReferences();
        (_reused.Params, _reused.Pagination, _reused.ForEach, _reused.Item) = (null, null, null, null);
        _reused.Query.Clear();
        _reused.Spawner = false;
        _reused.CreateTime = null;
        return AddResult(_reused, segment, position, stored);
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
        var bytes = FixedBytes + Encoding.UTF8.GetByteCount(view.Path) + Encoding.UTF8.GetByteCount(view.ParamsJson)
            + (view.Params?.CalculateSize() ?? 0L) + (view.Pagination?.CalculateSize() ?? 0L)
            + (view.ForEach?.CalculateSize() ?? 0L) + (view.Item?.CalculateSize() ?? 0L)
            + KeyBytes.Of(view.Key) + KeyBytes.Of(view.DependsOn)
            + (view.Query.Count == 0 ? 0L : view.Query.Sum(parameter => (long)parameter.CalculateSize() + QueryFrame));
        if (bytes > room && view.DependsOn.Count > 0)
        {
            // Keys of thousands of requests: each of those shows its own.
            bytes -= KeyBytes.Of(view.DependsOn);
            view.DependsOn.Clear();
        }

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

    /// <summary>The same of one that was accepted before and has its result, without that one's header fields and body.</summary>
    public void AddFinished(Request request, ResultSegment segment, int position)
    {
        AddOrigin(request);
        AddResult(request, segment, position, stored: null);
    }

    private void AddDefinition(Request view, StoredRequest? stored)
    {
        if (stored is not { } definition || !NeedWindows)
        {
            return;
        }

        definition.ReadShown(view, fields);
        AddOrigin(view);
    }

    private void AddOrigin(Request view)
    {
        if (fields.Has(RequestFields.SpawnedBy) && view.SpawnedBy.Length == 0)
        {
            view.SpawnedBy = _batchId;
        }

        if (fields.Has(RequestFields.CreateTime))
        {
            view.CreateTime ??= _createTime;
        }
    }

    private void AddState(Request view, int index, RequestState state)
    {
        view.Id = ids.OfRequest(Record, index);
        if (fields.Has(RequestFields.Index))
        {
            view.Index = index;
        }

        if (fields.Has(RequestFields.State))
        {
            view.State = state;
        }
    }

    private Request AddResult(Request view, ResultSegment segment, int position, StoredRequest? stored)
    {
        var entry = segment[position];
        AddDefinition(view, stored);
        AddState(view, entry.Index, RequestState.Done);
        if (fields.Has(RequestFields.DoneTime))
        {
            view.DoneTime = entry.DoneTime.ToTimestamp();
        }

        if (fields.Has(RequestFields.Position))
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

        // The payload may be deleted between that moment and the one at which it is read.
        var isExpired = IsExpired
            || ((fields & RequestFields.Payload) != 0 && segment.Payload is null && segment.PayloadBytes > 0);
        if (fields.Has(RequestFields.StatusCode))
        {
            response.StatusCode = entry.StatusCode;
        }

        if (fields.Has(RequestFields.Size))
        {
            response.Size = entry.Size;
        }

        if (fields.Has(RequestFields.Expired))
        {
            response.Expired = isExpired;
        }

        if (fields.Has(RequestFields.Error))
        {
            response.Error = entry.Failure == Failure.None ? null : ErrorOf(entry, isExpired ? default : segment.BodyOf(entry));
        }

        AddHeaders(response, isNew, isExpired ? default : segment.HeadersOf(entry).Span);
        if (fields.Has(RequestFields.Body))
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

        if (fields.Has(RequestFields.Headers))
        {
            response.Headers.Clear();
            foreach (var (name, value) in _headers.Fields)
            {
                response.Headers[name] = value;
            }
        }

        if (fields.Has(RequestFields.ContentType))
        {
            response.ContentType = _headers.ContentType;
        }

        if (fields.Has(RequestFields.ContentEncoding))
        {
            response.ContentEncoding = _headers.ContentEncoding;
        }
    }

    private static Google.Rpc.Status ErrorOf(in ResultEntry entry, ReadOnlyMemory<byte> message) => entry.Failure.ToStatus(
        message.IsEmpty ? entry.Failure.Message() : Encoding.UTF8.GetString(message.Span));
}
