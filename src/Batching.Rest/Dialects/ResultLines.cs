using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Batching.Engine.Delivery;
using Batching.Rest.Calls;
using Batching.Rest.Replies;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Hosting;

namespace Batching.Rest.Dialects;

/// <summary>The results of a batch that is done, each as JSON on a line of its own, made while they are read. Thread-safe.</summary>
internal sealed class ResultLines(ResultStreamer streamer, IHostApplicationLifetime lifetime)
{
    private const int FullBytes = 64 * 1024;

    private static readonly FieldMask Wanted = new() { Paths = { "key", "response" } };

    /// <summary>Writes them.</summary>
    /// <param name="context">The call.</param>
    /// <param name="batchId">The batch.</param>
    /// <param name="target">Where to.</param>
    /// <param name="begin">Begins the reply: what fails from then on breaks it off.</param>
    /// <param name="isWanted">Which of them.</param>
    /// <param name="write">Writes one.</param>
    /// <param name="enough">Bytes behind which nothing is wanted any more.</param>
    /// <returns>Bytes that they take, those behind <paramref name="enough"/> aside.</returns>
    /// <exception cref="RpcException">The batch, or what it has got, was deleted meanwhile.</exception>
    public async Task<long> WriteAsync(
        ServerCallContext context,
        string batchId,
        PipeWriter target,
        Func<Task> begin,
        Func<Request, bool> isWanted,
        Action<Utf8JsonWriter, Request> write,
        long enough = long.MaxValue)
    {
        var answer = await streamer.OpenAsync(
            context.GetCaller(),
            new FetchResultsRequest { BatchId = batchId, After = 0, RequestFields = Wanted },
            long.MaxValue,
            context.CancellationToken);
        using var feed = answer.OrThrow();
        await begin();
        using var json = new Utf8JsonWriter(target, JsonText.WriterOptions);
        var bytes = 0L;
        var isComplete = false;
        await foreach (var (record, _) in feed.ReadAsync(lifetime.ApplicationStopping, context.CancellationToken))
        {
            isComplete = record.End is { RunningRequests: 0 };
            if (record.Request is not { Response: { } response } request || !isWanted(request))
            {
                continue;
            }

            if (response.Expired)
            {
                break;
            }

            write(json, request);
            json.Flush();
            bytes += json.BytesCommitted + 1;
            json.Reset();
            target.Write("\n"u8);
            if (bytes >= enough)
            {
                isComplete = true;
                break;
            }

            if (target.UnflushedBytes >= FullBytes)
            {
                await FlushAsync(target, context.CancellationToken);
            }
        }

        if (!isComplete)
        {
            throw new RpcException(new Status(StatusCode.Aborted, "The results were deleted."));
        }

        await FlushAsync(target, context.CancellationToken);
        return bytes;
    }

    /// <summary>Writes the body of a response as one value: JSON as it is, text as a string, anything else in base64.</summary>
    public static void WriteBody(Utf8JsonWriter json, Response response, int maxBytes)
    {
        var body = ResponseBody.Of(response, maxBytes);
        switch (body.Kind)
        {
            case ResponseBodyKind.Json:
                JsonText.WriteRaw(json, body.Bytes.Span, onOneLine: true);
                break;
            case ResponseBodyKind.Binary:
                json.WriteBase64StringValue(body.Bytes.Span);
                break;
            case ResponseBodyKind.Empty:
                json.WriteNullValue();
                break;
            default:
                json.WriteStringValue(body.Text);
                break;
        }
    }

    private static async ValueTask FlushAsync(PipeWriter target, CancellationToken cancellationToken)
    {
        if ((await target.FlushAsync(cancellationToken)).IsCompleted)
        {
            throw new ClientGoneException();
        }
    }
}
