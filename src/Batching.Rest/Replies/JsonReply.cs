using System.Collections.Concurrent;
using System.Text.Json;
using Google.Api;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.Replies;

/// <summary>
/// The reply to one REST call, written as JSON into the response itself: no message of the contract holds it, so that
/// bodies are copied once and a large page never is in memory as a whole.
/// </summary>
internal sealed class JsonReply
{
    // A client that reads slowly should hold up the writer before much more than this is waiting.
    private const int FullBytes = 64 * 1024;

    // Each holds the head of a reply, so only some are kept.
    private const int PoolCapacity = 64;

    private static readonly ConcurrentQueue<JsonReply> Pool = [];

    private readonly ReplyBuffer _buffer = new();
    private CancellationToken _aborted;

    private JsonReply()
    {
        Json = new Utf8JsonWriter(_buffer, JsonText.WriterOptions);
    }

    /// <summary>
    /// The empty message that a service gives back once its reply is written. The transcoder leaves a response alone that has begun
    /// (Microsoft.AspNetCore.Grpc.JsonTranscoding 10.0.15).
    /// </summary>
    public static HttpBody Written { get; } = new();

    /// <summary>Escapes little more than JSON needs, and doesn't check that calls come in a sensible order.</summary>
    public Utf8JsonWriter Json { get; }

    /// <summary>Writes a success.</summary>
    public static Task<HttpBody> WriteAsync(HttpContext context, Action<Utf8JsonWriter> write) =>
        WriteAsync(context, reply =>
        {
            write(reply.Json);
            return ValueTask.CompletedTask;
        });

    /// <summary>Writes a success that may be large.</summary>
    /// <param name="context">The call.</param>
    /// <param name="write">Writes one JSON value, and calls <see cref="FlushIfFullAsync"/> between its parts.</param>
    public static async Task<HttpBody> WriteAsync(HttpContext context, Func<JsonReply, ValueTask> write)
    {
        await WriteAsync(context, StatusCodes.Status200OK, write);
        return Written;
    }

    /// <summary>
    /// Writes a reply. Nothing of it leaves before its first 16 KiB are full, so that an exception until then can still
    /// become another reply.
    /// </summary>
    public static async Task WriteAsync(HttpContext context, int status, Func<JsonReply, ValueTask> write)
    {
        var reply = Pool.TryDequeue(out var pooled) ? pooled : new JsonReply();
        try
        {
            reply._aborted = context.RequestAborted;
            reply._buffer.Begin(context.Response, status);
            await write(reply);
            reply.Json.Flush();
            await reply._buffer.CompleteAsync();
        }
        finally
        {
            reply.Json.Reset();
            reply._buffer.End();
            if (Pool.Count < PoolCapacity)
            {
                Pool.Enqueue(reply);
            }
        }
    }

    /// <summary>Sends what was written, once 64 KiB are waiting: to be called between the parts of a large reply.</summary>
    /// <exception cref="ClientGoneException"/>
    public ValueTask FlushIfFullAsync()
    {
        if (_buffer.UnflushedBytes + Json.BytesPending < FullBytes)
        {
            return ValueTask.CompletedTask;
        }

        Json.Flush();
        return _buffer.FlushAsync(_aborted);
    }
}
