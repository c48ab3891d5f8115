using System.Collections.Concurrent;
using System.IO.Pipelines;
using Batching.Engine.Configuration;
using Batching.Rest.Calls;
using Batching.Rest.Dialects;
using Batching.Rest.Replies;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Batching.Rest.OpenAi;

/// <summary>
/// The files of results, made of the results whenever they are read: the same results in the same order, and so the same bytes.
/// Thread-safe.
/// </summary>
internal sealed class OutputContent(ResultLines results, IOptions<BatchEngineOptions> engine)
{
    // Part of what stands for the bytes: to be raised when the lines are written in another way.
    private const int Form = 1;

    // Lengths that are known; more would be no help to anybody.
    private const int MaxLengths = 1_000;

    private readonly int _maxBodyBytes = engine.Value.Limits.ResponseBytes;
    private readonly ConcurrentDictionary<string, long> _lengths = new(StringComparer.Ordinal);

    /// <summary>Bytes of a file: it is made once to count them.</summary>
    /// <exception cref="RpcException">It was deleted meanwhile.</exception>
    public async ValueTask<long> MeasureAsync(OpenAiState batch, bool isErrors, ServerCallContext context)
    {
        var id = IdOf(batch, isErrors);
        return _lengths.TryGetValue(id, out var known)
            ? known
            : Remember(id, await WriteLinesAsync(batch, isErrors, PipeWriter.Create(Stream.Null), () => Task.CompletedTask, long.MaxValue, context));
    }

    /// <summary>Writes it, or the part that is asked for. Browsers keep it as a file: it must not run as a page of ours.</summary>
    /// <exception cref="RefusedCallException">The part that is asked for is not there: 416.</exception>
    /// <exception cref="RpcException">It was deleted meanwhile.</exception>
    public async Task WriteAsync(OpenAiState batch, bool isErrors, ServerCallContext context)
    {
        var http = context.GetHttpContext();
        var response = http.Response;
        var id = IdOf(batch, isErrors);
        var entityTag = new EntityTagHeaderValue($"\"{id}-{Form}\"");
        var isHead = HttpMethods.IsHead(http.Request.Method);
        var (from, to) = (0L, long.MaxValue);
        response.Headers.AcceptRanges = "bytes";

        // Only who asks for a part, or for the head alone, has to wait until the length is known.
        if (isHead || http.Request.Headers.Range.Count > 0 || _lengths.ContainsKey(id))
        {
            (from, to) = ByteRange.Find(http, await MeasureAsync(batch, isErrors, context), entityTag);
            response.ContentLength = to - from;
        }

        // What is compressed here would have other ranges than the file.
        http.Request.Headers.Remove(HeaderNames.AcceptEncoding);
        response.ContentType = "application/octet-stream";
        response.Headers.ContentDisposition = "attachment";
        response.Headers.ETag = entityTag.ToString();
        if (isHead)
        {
            await response.StartAsync(http.RequestAborted);
            return;
        }

        var isPart = from > 0 || response.ContentLength is not null;
        var written = await WriteLinesAsync(
            batch,
            isErrors,
            isPart ? new ClippedWriter(response.BodyWriter, from, to) : response.BodyWriter,
            () => response.StartAsync(http.RequestAborted),
            to,
            context);
        if (!isPart)
        {
            Remember(id, written);
        }
    }

    private static string IdOf(OpenAiState batch, bool isErrors) =>
        isErrors ? OpenAiId.OfErrors(batch.Id) : OpenAiId.OfOutput(batch.Id);

    private Task<long> WriteLinesAsync(
        OpenAiState batch, bool isErrors, PipeWriter target, Func<Task> begin, long enough, ServerCallContext context) =>
        results.WriteAsync(
            context,
            batch.Id,
            target,
            begin,
            request => OpenAiWriter.IsError(request) == isErrors,
            (json, request) => OpenAiWriter.WriteResult(json, request, _maxBodyBytes),
            enough);

    private long Remember(string id, long length)
    {
        if (_lengths.Count >= MaxLengths)
        {
            _lengths.Clear();
        }

        return _lengths[id] = length;
    }
}
