using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Batching.Engine.Content;
using Batching.Rest.Calls;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.Requests;

/// <summary>
/// A whole request body, decompressed. It stays in the buffers that it arrived in until <see cref="Release"/>.
/// </summary>
internal readonly struct RequestBody
{
    private readonly PipeReader _reader;
    private readonly ReadOnlySequence<byte> _bytes;
    private readonly RequestMemory? _memory;

    private RequestBody(PipeReader reader, ReadOnlySequence<byte> bytes, RequestMemory? memory)
    {
        _reader = reader;
        _bytes = bytes;
        _memory = memory;
    }

    /// <summary>
    /// The body as JSON, without the byte order mark that it may begin with. Valid until it is released.
    /// </summary>
    public ReadOnlySequence<byte> Json => ByteOrderMark.Skip(_bytes);

    /// <summary>
    /// Reads the body to its end, and waits for a turn to work on it if it is large. Who decompresses stands before the services.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="limit">Most bytes of it.</param>
    /// <exception cref="RefusedCallException">It is longer, or in an encoding that nobody decompresses, or not what its
    /// encoding says.</exception>
    public static async ValueTask<RequestBody> ReadAsync(HttpRequest request, long limit)
    {
        try
        {
            return await ReadUnlessTooLongAsync(request, limit);
        }
        catch (Exception exception) when (CompressionFaults.IsBadData(exception))
        {
            throw new RefusedCallException("", "The body is not what its content encoding says.");
        }
        catch (RefusedCallException)
        {
            RequestMemory.Find(request.HttpContext)?.EndTurn();
            await DrainAsync(request, limit);
            throw;
        }
    }

    /// <summary>Reads a body that says nothing: it may be missing, or be any JSON, as some clients send with every POST.</summary>
    /// <param name="request">The request.</param>
    /// <param name="limit">Most bytes of it.</param>
    /// <exception cref="RefusedCallException">It is neither.</exception>
    public static async ValueTask CheckJsonAsync(HttpRequest request, long limit)
    {
        var body = await ReadAsync(request, limit);
        try
        {
            var json = new Utf8JsonReader(body.Json);
            while (!body.Json.IsEmpty && json.Read())
            {
            }
        }
        catch (JsonException)
        {
            throw new RefusedCallException("body", "is not JSON");
        }
        finally
        {
            body.Release();
        }
    }

    /// <summary>Gives the buffers and the turn back.</summary>
    public void Release()
    {
        _memory?.EndTurn();
        _reader.AdvanceTo(_bytes.End);
        _reader.Complete();
    }

    /// <summary>Lets somebody else read the body, who finds it complete.</summary>
    public void Rewind() => _reader.AdvanceTo(_bytes.Start);

    private static async ValueTask<RequestBody> ReadUnlessTooLongAsync(HttpRequest request, long limit)
    {
        if (request.ContentLength > limit)
        {
            throw TooLong(limit);
        }

        // Gone from a body that is decompressed.
        var encoding = request.Headers.ContentEncoding.ToString();
        if (encoding.Length > 0 && !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            throw UnknownEncoding(request.HttpContext.Response, encoding);
        }

        var reader = request.BodyReader;
        var memory = RequestMemory.Find(request.HttpContext);
        while (true)
        {
            var result = await reader.ReadAsync();
            if (result.Buffer.Length > limit)
            {
                reader.AdvanceTo(result.Buffer.End);
                throw TooLong(limit);
            }

            if (result.IsCompleted)
            {
                if (memory is not null)
                {
                    await memory.TakeTurnAsync(result.Buffer.Length);
                }

                return new RequestBody(reader, result.Buffer, memory);
            }

            reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    // Over HTTP/2 the server resets the stream when a reply overtakes its request, and some clients, curl among them, then
    // drop the reply.
    private static async ValueTask DrainAsync(HttpRequest request, long limit)
    {
        if (!HttpProtocol.IsHttp2(request.Protocol) || request.Headers.Expect.Count > 0)
        {
            return;
        }

        for (var left = limit; left > 0;)
        {
            var result = await request.BodyReader.ReadAsync();
            left -= result.Buffer.Length;
            request.BodyReader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                return;
            }
        }
    }

    private static RefusedCallException UnknownEncoding(HttpResponse response, string encoding)
    {
        // RFC 9110, section 12.5.3: says which encodings would have been accepted.
        response.Headers.AcceptEncoding = "gzip, deflate, br";
        return new RefusedCallException(CallError.Of(
            CallErrorKinds.UnsupportedMediaType,
            $"The content encoding {CallerText.Quote(encoding)} is not supported."));
    }

    private static RefusedCallException TooLong(long limit) => new(CallError.Of(
        CallErrorKinds.TooLarge,
        $"The body is longer than {limit} bytes."));
}
