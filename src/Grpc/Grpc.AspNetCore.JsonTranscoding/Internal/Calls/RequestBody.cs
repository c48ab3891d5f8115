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
    private readonly PipeReader _reader;

    private RequestBody(PipeReader reader, ReadOnlySequence<byte> bytes)
    {
        _reader = reader;
        Bytes = bytes;
    }

    public ReadOnlySequence<byte> Bytes { get; }

    /// <summary>Reads the body to its end.</summary>
    /// <exception cref="RefusedRequestException">It is longer than the limit, or in an encoding not known here.</exception>
    /// <exception cref="InvalidRequestException">It isn't what its encoding says.</exception>
    public static async ValueTask<RequestBody> ReadAsync(HttpContext context, long? limit)
    {
        if (context.Request.ContentLength > limit)
        {
            throw TooLarge(limit.Value);
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
        {
            // The limit is kept below. The server's own would count the framing of chunks, too.
            feature.MaxRequestBodySize = null;
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
                    reader.Complete();
                    throw TooLarge(limit.Value);
                }

                if (result.IsCompleted)
                {
                    return new RequestBody(reader, result.Buffer);
                }

                reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            }
        }
        catch (Exception e) when (e is InvalidDataException || (e is InvalidOperationException && encoding == "br"))
        {
            // BrotliStream reports bad data as an invalid operation.
            throw new InvalidRequestException("", $"The body is not valid {encoding}.");
        }
    }

    public void Release()
    {
        _reader.AdvanceTo(Bytes.End);
        _reader.Complete();
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
