using System.Buffers;
using Batching.Engine.Delivery;
using Batching.Rest.Calls;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Batching.Rest.Replies;

/// <summary>A reply that is the body of an API's response, or a part of it (RFC 9110, section 14).</summary>
internal static class BodyReply
{
    private const string DefaultType = "application/octet-stream";
    private const int ChunkBytes = 1024 * 1024;

    /// <summary>Writes it, with the API's content type. Browsers keep it as a file: it must not run as a page of ours.</summary>
    /// <param name="context">The call.</param>
    /// <param name="body">The body.</param>
    /// <param name="tag">Stands for it: a body never changes.</param>
    /// <exception cref="RefusedCallException">The part that is asked for is not there: 416.</exception>
    /// <exception cref="RpcException">It was deleted meanwhile.</exception>
    public static async Task WriteAsync(HttpContext context, ResultBody body, string tag)
    {
        var response = context.Response;
        var entityTag = new EntityTagHeaderValue($"\"{tag}\"");
        response.Headers.AcceptRanges = "bytes";
        var (from, to) = FindRange(context, body.Length, entityTag);

        // What is compressed here would have other ranges than the body.
        context.Request.Headers.Remove(HeaderNames.AcceptEncoding);
        response.ContentType = IsPrintable(body.ContentType) ? body.ContentType : DefaultType;
        response.ContentLength = to - from;
        response.Headers.ContentDisposition = "attachment";
        response.Headers.ETag = entityTag.ToString();
        if (IsPrintable(body.ContentEncoding))
        {
            response.Headers.ContentEncoding = body.ContentEncoding;
        }

        await response.StartAsync(context.RequestAborted);
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(Math.Min(ChunkBytes, to - from));
        try
        {
            while (from < to)
            {
                var chunk = buffer.AsMemory(0, Math.Min(ChunkBytes, Math.Min(buffer.Length, to - from)));
                if (!await body.ReadAsync(from, chunk, context.RequestAborted))
                {
                    throw new RpcException(new Status(StatusCode.Aborted, "The body was deleted."));
                }

                await response.Body.WriteAsync(chunk, context.RequestAborted);
                from += chunk.Length;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // Where to begin, and where to end. Anything but one range of bytes is answered with all of it, as the RFC allows.
    private static (int From, int To) FindRange(HttpContext context, int length, EntityTagHeaderValue entityTag)
    {
        var headers = context.Request.Headers;
        if (!HttpMethods.IsGet(context.Request.Method)
            || !RangeHeaderValue.TryParse(headers.Range.ToString(), out var ranges)
            || !ranges.Unit.Equals("bytes", StringComparison.OrdinalIgnoreCase)
            || ranges.Ranges.Count != 1
            || (headers.IfRange.Count > 0 && headers.IfRange != entityTag.ToString()))
        {
            return (0, length);
        }

        // Without a beginning, the end is how many of the last bytes are meant.
        var range = ranges.Ranges.First();
        var from = range.From ?? Math.Max(0, length - range.To!.Value);
        var to = range.From is null ? length : Math.Min(length - 1, range.To ?? long.MaxValue) + 1;
        if (from >= to)
        {
            context.Response.Headers.ContentRange = new ContentRangeHeaderValue(length).ToString();
            throw new RefusedCallException(CallError.Of(
                CallErrorKinds.BadRange,
                $"Range: the body has {length} bytes."));
        }

        context.Response.StatusCode = StatusCodes.Status206PartialContent;
        context.Response.Headers.ContentRange = new ContentRangeHeaderValue(from, to - 1, length).ToString();
        return ((int)from, (int)to);
    }

    // An API may say anything; a header field of ours may not.
    private static bool IsPrintable(string value) => value.Length > 0 && !value.AsSpan().ContainsAnyExceptInRange(' ', '~');
}
