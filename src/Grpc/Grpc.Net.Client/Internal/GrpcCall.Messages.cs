using System.Buffers;
using System.IO.Pipelines;
using Grpc.Core;
using Grpc.Net.Internal;

namespace Grpc.Net.Client.Internal;

/// <content>Writing requests and reading responses.</content>
internal sealed partial class GrpcCall<TRequest, TResponse>
{
    /// <summary>Reads the response of a method that gives one.</summary>
    public async Task<TResponse> ReadSingleAsync()
    {
        var message = await ReadAsync(CancellationToken.None);
        if (message is null || await ReadAsync(CancellationToken.None) is not null)
        {
            throw Fail(new RpcException(new Status(
                StatusCode.Internal,
                message is null ? "The server sent no response message." : "The server sent more than one response message.")));
        }

        return message;
    }

    /// <summary>Reads the next response; null at the end of a call that succeeded.</summary>
    /// <exception cref="RpcException">The call failed.</exception>
    public async Task<TResponse?> ReadAsync(CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.UnsafeRegister(
            static state => ((GrpcCall<TRequest, TResponse>)state!).Cancel(), this);
        var response = await _response!;
        try
        {
            if (_status is null)
            {
                _reader ??= PipeReader.Create(await response.Content.ReadAsStreamAsync(_cancelled));
                if (await ReadMessageAsync(_reader) is { } message)
                {
                    return message;
                }

                End(ResponseStatus.FromTrailers(response), ResponseStatus.Metadata(response.TrailingHeaders));
                await _reader.CompleteAsync();
                response.Dispose();
                _cancellation.Dispose();
            }
        }
        catch (Exception exception)
        {
            response.Dispose();
            throw Fail(exception);
        }

        return GetStatus().StatusCode == StatusCode.OK ? null : throw EndedException();
    }

    private async ValueTask<TResponse?> ReadMessageAsync(PipeReader reader)
    {
        while (true)
        {
            var result = await reader.ReadAsync(_cancelled);
            var buffer = result.Buffer;
            var consumed = buffer.Start;
            var examined = buffer.End;
            try
            {
                if (MessageFrame.TryRead(buffer, _channel.MaxReceiveMessageSize, out var payload, out var compressed))
                {
                    consumed = examined = payload.End;
                    if (compressed)
                    {
                        payload = MessageDecompressor.Decompress(
                            _responseCompression ?? throw MessageErrors.CompressedWithoutEncoding(),
                            payload,
                            _channel.MaxReceiveMessageSize);
                    }

                    return PayloadReader.Deserialize(_method.ResponseMarshaller.ContextualDeserializer, payload);
                }

                if (result.IsCompleted)
                {
                    return buffer.IsEmpty ? null : throw MessageErrors.Incomplete();
                }
            }
            finally
            {
                reader.AdvanceTo(consumed, examined);
            }
        }
    }

    private ArrayBufferWriter<byte> Serialize(TRequest message, WriteFlags flags)
    {
        var frame = new ArrayBufferWriter<byte>();
        var torn = false;
        PayloadWriter.Serialize(
            _method.RequestMarshaller.ContextualSerializer,
            message,
            frame,
            (flags & WriteFlags.NoCompress) != 0 ? null : _requestCompression,
            compressionLevel: null,
            _channel.MaxSendMessageSize,
            ref torn);
        return frame;
    }
}
