using System.Buffers;
using Batching.Engine.Files;
using Batching.Engine.Model;
using Batching.Rest.Replies;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Batching.Rest.OpenAi;

/// <summary>A reply that is an uploaded file, or a part of it.</summary>
internal static class FileContent
{
    private const int BufferBytes = 64 * 1024;

    /// <summary>Writes it. Browsers keep it as a file: it must not run as a page of ours.</summary>
    /// <exception cref="RpcException">It was deleted meanwhile.</exception>
    public static async Task WriteAsync(HttpContext context, BatchFiles files, FileRecord file)
    {
        var response = context.Response;
        var entityTag = new EntityTagHeaderValue($"\"{files.IdOf(file)}\"");
        response.Headers.AcceptRanges = "bytes";
        var (from, to) = ByteRange.Find(context, file.Bytes, entityTag);

        // What is compressed here would have other ranges than the file.
        context.Request.Headers.Remove(HeaderNames.AcceptEncoding);
        response.ContentType = "application/octet-stream";
        response.ContentLength = to - from;
        response.Headers.ContentDisposition = "attachment";
        response.Headers.ETag = entityTag.ToString();
        await response.StartAsync(context.RequestAborted);
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (from < to)
            {
                var part = buffer.AsMemory(0, (int)Math.Min(buffer.Length, to - from));
                if (await files.ReadAsync(file, from, part, context.RequestAborted) is not (> 0 and var count))
                {
                    throw new RpcException(new Status(StatusCode.Aborted, "The file was deleted."));
                }

                await response.Body.WriteAsync(part[..count], context.RequestAborted);
                from += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
