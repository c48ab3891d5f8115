using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Calls;

/// <summary>
/// A whole request body. It stays in the buffers of the request pipe it arrived in, or in pooled ones when
/// it had to be decompressed; <see cref="Release"/> gives them back.
/// </summary>
internal readonly struct RequestBody
{
    /// <summary>How much of a refused body is read when no limit says how long bodies may be.</summary>
    private const long DrainBytes = 4 * 1024 * 1024;

    private readonly PipeReader _reader;

    private RequestBody(PipeReader reader, ReadOnlySequence<byte> bytes)
    {
        _reader = reader;
        Bytes = bytes;
    }

    public ReadOnlySequence<byte> Bytes { get; }

    /// <summary>Reads the body to its end.</summary>
    /// <exception cref="RefusedRequestException">It is longer than the limit, or in an encoding not known
    /// here.</exception>
    /// <exception cref="InvalidRequestException">It isn't what its encoding says.</exception>
    public static async ValueTask<RequestBody> ReadAsync(HttpContext context, long? limit)
    {
        LiftServerLimit(context);
        if (context.Request.ContentLength > limit)
        {
            throw TooLarge(limit.Value);
        }

        var encoding = context.Request.Headers.ContentEncoding;
        var reader = encoding.Count == 0 || encoding == "identity"
            ? context.Request.BodyReader
            : CreateDecoder(context, encoding.ToString());
        try
        {
            while (true)
            {
                var result = await reader.ReadAsync();
                if (result.Buffer.Length > limit)
                {
                    reader.AdvanceTo(result.Buffer.End);
                    throw TooLarge(limit.Value);
                }

                if (result.IsCompleted)
                {
                    return new RequestBody(reader, result.Buffer);
                }

                reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            }
        }
        catch (Exception e)
        {
            if (reader != context.Request.BodyReader)
            {
                await reader.CompleteAsync();
            }

            // BrotliStream reports bad data as an invalid operation.
            if (e is InvalidDataException || (e is InvalidOperationException && reader != context.Request.BodyReader))
            {
                throw new InvalidRequestException("", $"The body is not valid {encoding}.");
            }

            throw;
        }
    }

    /// <summary>
    /// Reads on to the end of a body that was refused, within reason. Over HTTP/2 the server resets the stream when
    /// a reply overtakes its request, and some clients, curl among them, then drop the reply.
    /// </summary>
    public static async ValueTask DrainAsync(HttpContext context, long? limit)
    {
        if (!HttpProtocol.IsHttp2(context.Request.Protocol) || context.Request.Headers.Expect.Count > 0)
        {
            return;
        }

        LiftServerLimit(context);
        var left = limit ?? DrainBytes;
        var reader = context.Request.BodyReader;
        while (left > 0)
        {
            var result = await reader.ReadAsync();
            left -= result.Buffer.Length;
            reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                return;
            }
        }
    }

    public void Release()
    {
        _reader.AdvanceTo(Bytes.End);
        _reader.Complete();
    }

    /// <summary>The limit is kept here: the server's own would count the framing of chunks, too.</summary>
    private static void LiftServerLimit(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
        {
            feature.MaxRequestBodySize = null;
        }
    }

    private static PipeReader CreateDecoder(HttpContext context, string encoding)
    {
        var body = context.Request.Body;
        Stream decoder = encoding.ToLowerInvariant() switch
        {
            "gzip" or "x-gzip" => new GZipStream(body, CompressionMode.Decompress, leaveOpen: true),
            "deflate" => new ZLibStream(body, CompressionMode.Decompress, leaveOpen: true),
            "br" => new BrotliStream(body, CompressionMode.Decompress, leaveOpen: true),
            _ => throw UnknownEncoding(context, encoding),
        };
        return PipeReader.Create(decoder, new StreamPipeReaderOptions(bufferSize: 16 * 1024));
    }

    private static RefusedRequestException UnknownEncoding(HttpContext context, string encoding)
    {
        // RFC 9110, section 12.5.3: says which encodings would have been accepted.
        context.Response.Headers.AcceptEncoding = "gzip, deflate, br";
        return new RefusedRequestException(CallError.FromHttp(
            StatusCodes.Status415UnsupportedMediaType,
            StatusCode.InvalidArgument,
            $"The content encoding '{encoding}' is not supported."));
    }

    private static RefusedRequestException TooLarge(long limit) => new(CallError.FromHttp(
        StatusCodes.Status413PayloadTooLarge,
        StatusCode.ResourceExhausted,
        $"The body is longer than {limit} bytes."));
}
