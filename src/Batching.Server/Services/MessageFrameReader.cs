using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Batching.Rest.Calls;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;

namespace Batching.Server.Services;

/// <summary>
/// Reads the body of a gRPC call and refuses frames that are none: Grpc.AspNetCore 2.85.0 takes them for failures of the
/// service, and logs an error for whatever anybody sends. A frame begins with a byte that is 0 or 1, for a compressed
/// message, and the length of the message in four ("Length-Prefixed-Message" in gRPC's specification). For one call.
/// </summary>
internal sealed class MessageFrameReader(PipeReader inner) : PipeReader, IRequestBodyPipeFeature
{
    private const int HeaderBytes = 5;

    private ReadOnlySequence<byte> _buffer;

    // Where the next frame begins, counted from what is not consumed yet.
    private long _next;

    public PipeReader Reader => this;

    /// <summary>Checks the frames of gRPC calls. Goes behind gRPC-Web, which makes such frames of others.</summary>
    public static Task CheckAsync(HttpContext context, RequestDelegate next)
    {
        if (context.IsGrpc() && context.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>() is not null)
        {
            context.Features.Set<IRequestBodyPipeFeature>(new MessageFrameReader(context.Request.BodyReader));
        }

        return next(context);
    }

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return Check(await inner.ReadAsync(cancellationToken));
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

    private RpcException Refuse(StatusCode code, string message)
    {
        inner.AdvanceTo(_buffer.End);
        return new RpcException(new Status(code, message));
    }
}
