using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Grpc.Core;
using Grpc.Net.Internal;
using Microsoft.AspNetCore.Http;

namespace Grpc.AspNetCore.Server.Internal;

/// <content>Reading and writing messages.</content>
internal sealed partial class HttpContextServerCallContext
{
    /// <summary>Reads the request of a method that takes one: exactly one message, and then the end of the body.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal async ValueTask<T> ReadSingleMessageAsync<T>(Func<DeserializationContext, T> deserializer)
        where T : class
    {
        var message = await ReadMessageAsync(deserializer, CancellationToken.None) ?? throw MessageErrors.MissingMessage();
        if (!_inputEnded)
        {
            await ReadMessageAsync<T>(deserializer: null, CancellationToken.None);
        }

        return message;
    }

    /// <summary>Reads the next message; null at the end of the body.</summary>
    /// <param name="deserializer">Null when no more bytes may follow.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal async ValueTask<T?> ReadMessageAsync<T>(Func<DeserializationContext, T>? deserializer, CancellationToken cancellationToken)
        where T : class
    {
        var input = _input ??= HttpContext.Request.BodyReader;
        try
        {
            while (true)
            {
                var result = await input.ReadAsync(cancellationToken);
                if (TryRead(input, result, deserializer, out var message))
                {
                    return message;
                }
            }
        }
        catch (IOException exception) when (exception is not BadHttpRequestException)
        {
            // The client reset the stream or is gone; Kestrel cancels RequestAborted a little later than this.
            _clientGone = true;
            throw;
        }
    }

    private bool TryRead<T>(PipeReader input, in ReadResult result, Func<DeserializationContext, T>? deserializer, out T? message)
        where T : class
    {
        message = null;
        if (result.IsCanceled)
        {
            throw new OperationCanceledException("The deadline of the call has passed.", CancellationToken);
        }

        var buffer = result.Buffer;
        var consumed = buffer.Start;
        var examined = buffer.End;
        try
        {
            if (deserializer is null)
            {
                return buffer.IsEmpty ? result.IsCompleted : throw MessageErrors.AdditionalData();
            }

            if (MessageFrame.TryRead(buffer, shared.Options.MaxReceiveMessageSize, out var payload, out var compressed))
            {
                consumed = examined = payload.End;
                if (compressed)
                {
                    payload = MessageDecompressor.Decompress(
                        _requestCompression ?? throw MessageErrors.CompressedWithoutEncoding(),
                        payload,
                        shared.Options.MaxReceiveMessageSize);
                }

                if (shared.Options.MaxReceiveMessageMemory is { } limit && DecodedSize.Exceeds(typeof(T), payload, limit))
                {
                    throw MessageErrors.TakesTooMuchMemory(limit);
                }

                message = PayloadReader.Deserialize(deserializer, payload);
                _inputEnded = result.IsCompleted && buffer.End.Equals(consumed);
                return true;
            }

            return result.IsCompleted && (buffer.IsEmpty ? true : throw MessageErrors.Incomplete());
        }
        finally
        {
            input.AdvanceTo(consumed, examined);
        }
    }

    /// <summary>Writes the response of a method that gives one. It is not flushed: it leaves together with the trailers.</summary>
    internal void WriteSingleMessage<T>(Action<T, SerializationContext> serializer, T? message)
        where T : class
    {
        if (_deadline?.IsExceeded == true)
        {
            return;
        }

        if (message is null)
        {
            throw new RpcException(new Status(StatusCode.Cancelled, "No message returned from method."));
        }

        BeginWrite(CancellationToken.None, buffers: true);
        try
        {
            WriteMessage(serializer, message, WriteOptionsCore?.Flags ?? default);
        }
        finally
        {
            EndWrite();
        }
    }

    /// <summary>Puts a message into the output, between <see cref="BeginWrite"/> and <see cref="EndWrite"/>.</summary>
    /// <returns>Its size in bytes.</returns>
    internal int WriteMessage<T>(Action<T, SerializationContext> serializer, T message, WriteFlags flags)
    {
        BeginResponse();
        return PayloadWriter.Serialize(
            serializer,
            message,
            Output,
            (flags & WriteFlags.NoCompress) != 0 ? null : _responseCompression,
            shared.Options.ResponseCompressionLevel,
            shared.Options.MaxSendMessageSize,
            ref _torn);
    }

    /// <param name="requestAborted">The request's; asking for it costs a lock, so that streams ask once.</param>
    /// <param name="buffers">The write waits for nothing.</param>
    /// <exception cref="OperationCanceledException">The client went away or the deadline passed.</exception>
    /// <exception cref="InvalidOperationException">The call has ended.</exception>
    internal void BeginWrite(CancellationToken requestAborted, bool buffers = false)
    {
        requestAborted.ThrowIfCancellationRequested();
        if (_ended)
        {
            throw new InvalidOperationException("Can't write the message because the request is complete.");
        }

        if (_deadline is { } deadline && !deadline.TryBeginWrite(buffers))
        {
            throw new OperationCanceledException("The deadline of the call has passed.", deadline.Token);
        }
    }

    internal void EndWrite() => _deadline?.EndWrite();

    /// <exception cref="OperationCanceledException">The flush was cut short by the end of the connection or the deadline.</exception>
    internal void ThrowIfAborted(in FlushResult result)
    {
        if (result.IsCanceled || (result.IsCompleted && HttpContext.RequestAborted.IsCancellationRequested))
        {
            throw new OperationCanceledException("The call was cancelled.", CancellationToken);
        }
    }

    private void BeginResponse()
    {
        if (_responding)
        {
            return;
        }

        _responding = true;
        if (_responseCompression is { } compression)
        {
            HttpContext.Response.Headers.GrpcEncoding = compression.EncodingName;
        }
    }
}
