using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Batching.Benchmarks.Grpc.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Batching.Benchmarks.Grpc;

/// <summary>What ours is measured beside: the same bytes from Kestrel with nothing between.</summary>
internal static class BareEndpoints
{
    private static readonly byte[] EmptyFrame = Samples.Frame(new Item());
    private static readonly byte[] BlockFrame = Samples.Frame(Samples.Block);

    /// <summary>gRPC without a runtime: no routing, no messages, frames made beforehand.</summary>
    public static void AnswerFrames(WebApplication app) => app.Run(static async context =>
    {
        await ReadToEndAsync(context.Request.BodyReader);
        context.Response.ContentType = "application/grpc";
        var output = context.Response.BodyWriter;
        switch (context.Request.Path.Value)
        {
            case "/benchmark.v1.BenchmarkService/Download":
                await WriteStreamAsync(output, flushAt: 1);
                break;
            case "/benchmark.v1.BenchmarkService/DownloadBuffered":
                await WriteStreamAsync(output, Samples.BareBufferSize);
                break;
            default:
                Write(output, EmptyFrame);
                break;
        }

        context.Response.AppendTrailer("grpc-status", "0");
    });

    /// <summary>Minimal APIs with System.Text.Json.</summary>
    public static void MapJson(WebApplication app)
    {
        app.MapPost("/v1/echo", static (ItemDto item) => item);
        app.MapGet("/v1/items", static context => WriteStreamAsync(context.Response, flushAt: 1));
        app.MapGet("/v1/items:buffered", static context => WriteStreamAsync(context.Response, Samples.BareBufferSize));
    }

    private static async Task WriteStreamAsync(PipeWriter output, int flushAt)
    {
        var waiting = 0;
        for (var i = 0; i < Samples.MessagesPerStream; i++)
        {
            Write(output, BlockFrame);
            waiting += BlockFrame.Length;
            if (waiting >= flushAt)
            {
                await output.FlushAsync();
                waiting = 0;
            }
        }
    }

    private static async Task WriteStreamAsync(HttpResponse response, int flushAt)
    {
        response.ContentType = "application/x-ndjson";
        var output = response.BodyWriter;
        using var writer = new Utf8JsonWriter(output);
        var waiting = 0L;
        for (var i = 0; i < Samples.MessagesPerStream; i++)
        {
            JsonSerializer.Serialize(writer, Samples.StreamedItem, JsonSerializerOptions.Web);
            waiting += writer.BytesCommitted + 1;
            writer.Reset();
            Write(output, "\n"u8);
            if (waiting >= flushAt)
            {
                await output.FlushAsync();
                waiting = 0;
            }
        }
    }

    private static void Write(PipeWriter output, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(output.GetSpan(bytes.Length));
        output.Advance(bytes.Length);
    }

    private static async Task ReadToEndAsync(PipeReader body)
    {
        ReadResult result;
        do
        {
            result = await body.ReadAsync();
            body.AdvanceTo(result.Buffer.End);
        }
        while (!result.IsCompleted);
    }
}
