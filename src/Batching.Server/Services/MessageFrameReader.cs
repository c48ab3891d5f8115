using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Batching.Engine.Quotas;
using Batching.Rest.Calls;
using Batching.Rest.Requests;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;

namespace Batching.Server.Services;

/// <summary>
/// Reads the body of a gRPC call and refuses frames that are none: Grpc.AspNetCore 2.85.0 takes them for failures of the
/// service, and logs an error for whatever anybody sends. A frame begins with a byte that is 0 or 1, for a compressed
/// message, and the length of the message in four ("Length-Prefixed-Message" in gRPC's specification). A large message waits
/// for a turn before it is handed on, because whoever gets it decodes it at once. For one call.
/// </summary>
internal sealed class MessageFrameReader(PipeReader inner, RequestMemory? memory) : PipeReader, IRequestBodyPipeFeature
{
    private const int HeaderBytes = 5;

    // What deflate makes of them is at most a thousand times as much, which takes a few milliseconds.
    private const int LargeCompressedBytes = 1024;

    private ReadOnlySequence<byte> _buffer;

    // Where the next frame begins, counted from what is not consumed yet.
    private long _next;

    public PipeReader Reader => this;

    /// <summary>Checks the frames of gRPC calls. Goes behind gRPC-Web, which makes such frames of others.</summary>
    public static Task CheckAsync(HttpContext context, RequestDelegate next)
    {
        if (context.IsGrpc() && context.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>() is not null)
        {
            context.Features.Set<IRequestBodyPipeFeature>(new MessageFrameReader(
                context.Request.BodyReader, RequestMemory.Find(context)));
        }

        return next(context);
    }

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            var result = Check(await inner.ReadAsync(cancellationToken));
            if (memory is not null && LargeBytes() is var bytes and > 0)
            {
                await memory.TakeTurnAsync(bytes, cancellationToken);
            }

            return result;
        }
        catch (InvalidOperationException exception)
        {
            throw Unreadable(exception);
        }
    }

    public override bool TryRead(out ReadResult result)
    {
        if (!inner.TryRead(out result))
        {
            return false;
        }

        Check(result);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        _next -= _buffer.Slice(_buffer.Start, consumed).Length;
        try
        {
            inner.AdvanceTo(consumed, examined);
        }
        catch (InvalidOperationException exception)
        {
            throw Unreadable(exception);
        }
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    // What gRPC-Web's reader throws is its way of saying that what it reads is no base64.
    private static RpcException Unreadable(InvalidOperationException exception) =>
        new(new Status(StatusCode.Internal, "The message can't be read.", exception));

    private ReadResult Check(ReadResult result)
    {
        _buffer = result.Buffer;
        Span<byte> header = stackalloc byte[HeaderBytes];
        while (_next < _buffer.Length)
        {
            var frame = _buffer.Slice(_next);
            var flag = frame.FirstSpan[0];
            if (flag > 1)
            {
                throw Refuse(StatusCode.Internal, $"A message can't begin with the byte {flag}.");
            }

            if (frame.Length < HeaderBytes)
            {
                break;
            }

            frame.Slice(0, HeaderBytes).CopyTo(header);
            var length = BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
            if (length > int.MaxValue)
            {
                throw Refuse(StatusCode.ResourceExhausted, $"A message of {length} bytes is too large.");
            }

            _next += HeaderBytes + length;
        }

        return result;
    }

    // Of the first message, if it is complete: the others are read after it. Of a compressed one more than it has.
    private long LargeBytes()
    {
        if (_buffer.Length < HeaderBytes + LargeCompressedBytes)
        {
            return 0;
        }

        Span<byte> header = stackalloc byte[HeaderBytes];
        _buffer.Slice(0, HeaderBytes).CopyTo(header);
        var length = BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        return _buffer.Length < HeaderBytes + length ? 0
            : header[0] == 0 ? length
            : length > LargeCompressedBytes ? Math.Max(length, WorkTurns.LargeBytes + 1) : 0;
    }

    private RpcException Refuse(StatusCode code, string message)
    {
        inner.AdvanceTo(_buffer.End);
        return new RpcException(new Status(code, message));
    }
}
