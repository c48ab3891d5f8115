using System.Text;
using Batching.Engine.Identifiers;
using Batching.Engine.Storage;
using Batching.Engine.Upstreams;
using Batching.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Engine.Delivery;

/// <summary>Shows batches, requests and results as the contract has them. Thread-safe.</summary>
internal sealed class BatchViews(BatchIds ids, TimeProvider time)
{
    /// <summary>A batch without its requests.</summary>
    public Batch ToBatch(BatchRecord record) => new()
    {
        Id = ids.OfBatch(record.Key),
        State = IsExpired(record) ? BatchState.Expired
            : record.Cancelled ? BatchState.Cancelled
            : record.DoneTime is not null ? BatchState.Done
            : BatchState.Running,
        CreateTime = record.CreateTime.ToTimestamp(),
        DoneTime = record.DoneTime?.ToTimestamp(),
        ExpireTime = record.ExpireTime.ToTimestamp(),
        TotalRequests = record.Total,
        RunningRequests = record.Running,
        FailedRequests = record.Failed,
        ResponseSize = record.ResponseSize,
    };

    /// <summary>A request that has no result yet.</summary>
    /// <param name="record">Its batch.</param>
    /// <param name="index">Its index.</param>
    /// <param name="definition">As it was submitted or spawned; may be null if no field of it is wanted.</param>
    /// <param name="fields">What is wanted.</param>
    public Request ToRequest(BatchRecord record, int index, Request? definition, RequestFields fields)
    {
        var request = new Request { Id = ids.OfRequest(record.Key, index) };
        if (definition is not null)
        {
            AddDefinition(request, record, definition, fields);
        }

        if (fields.HasFlag(RequestFields.Index))
        {
            request.Index = index;
        }

        if (fields.HasFlag(RequestFields.State))
        {
            request.State = RequestState.Running;
        }

        return request;
    }

    /// <summary>A finished request.</summary>
    /// <param name="record">Its batch.</param>
    /// <param name="segment">Where its result is, with the payload if headers or body are wanted.</param>
    /// <param name="position">Its position.</param>
    /// <param name="definition">As it was submitted or spawned; may be null if no field of it is wanted.</param>
    /// <param name="fields">What is wanted.</param>
    public Request ToResult(
        BatchRecord record, ResultSegment segment, int position, Request? definition, RequestFields fields)
    {
        var entry = segment[position];
        var request = ToRequest(record, entry.Index, definition, fields & ~RequestFields.State);
        if (fields.HasFlag(RequestFields.State))
        {
            request.State = RequestState.Done;
        }

        if (fields.HasFlag(RequestFields.DoneTime))
        {
            request.DoneTime = entry.DoneTime.ToTimestamp();
        }

        if (fields.HasFlag(RequestFields.Position))
        {
            request.Position = position;
        }

        if ((fields & RequestFields.Response) != 0)
        {
            request.Response = ToResponse(record, segment, entry, fields);
        }

        return request;
    }

    /// <summary>Whether the bodies are gone: they are once their time is over, however late they are deleted.</summary>
    public bool IsExpired(BatchRecord record) => record.Expired || record.ExpireTime <= time.GetUtcNow();

    private void AddDefinition(Request request, BatchRecord record, Request definition, RequestFields fields)
    {
        if (fields.HasFlag(RequestFields.Path))
        {
            request.Path = definition.Path;
        }

        if (fields.HasFlag(RequestFields.Method))
        {
            request.Method = definition.Method;
        }

        if (fields.HasFlag(RequestFields.Params))
        {
            request.Params = definition.Params;
        }

        if (fields.HasFlag(RequestFields.Spawner))
        {
            request.Spawner = definition.Spawner;
        }

        if (fields.HasFlag(RequestFields.SpawnedBy))
        {
            request.SpawnedBy = definition.SpawnedBy.Length > 0 ? definition.SpawnedBy : ids.OfBatch(record.Key);
        }

        if (fields.HasFlag(RequestFields.CreateTime))
        {
            request.CreateTime = definition.CreateTime ?? record.CreateTime.ToTimestamp();
        }
    }

    private Response ToResponse(
        BatchRecord record, ResultSegment segment, in ResultEntry entry, RequestFields fields)
    {
        var response = new Response();
        var expired = IsExpired(record);
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
            response.Expired = expired;
        }

        if (fields.HasFlag(RequestFields.Error) && entry.Failure != Failure.None)
        {
            var message = expired ? default : segment.BodyOf(entry);
            response.Error = entry.Failure.ToStatus(
                message.IsEmpty ? entry.Failure.Message() : Encoding.UTF8.GetString(message.Span));
        }

        if (expired)
        {
            return response;
        }

        if (fields.HasFlag(RequestFields.Headers))
        {
            foreach (var (name, value) in ResponseHeaders.Decode(segment.HeadersOf(entry)))
            {
                response.Headers[name] = value;
            }
        }

        if (fields.HasFlag(RequestFields.ContentType))
        {
            response.ContentType = ResponseHeaders.Find(segment.HeadersOf(entry).Span, "content-type"u8);
        }

        if (fields.HasFlag(RequestFields.ContentEncoding))
        {
            response.ContentEncoding = ResponseHeaders.Find(segment.HeadersOf(entry).Span, "content-encoding"u8);
        }

        if (fields.HasFlag(RequestFields.Body) && entry.Failure == Failure.None)
        {
            // Segments never change, so the message can share their memory.
            response.Body = UnsafeByteOperations.UnsafeWrap(segment.BodyOf(entry));
        }

        return response;
    }
}
