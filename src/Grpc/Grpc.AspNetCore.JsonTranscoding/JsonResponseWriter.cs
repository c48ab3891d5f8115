using System.Text.Json;
using Grpc.AspNetCore.JsonTranscoding.Internal.Calls;
using Grpc.AspNetCore.JsonTranscoding.Internal.Json;
using Microsoft.AspNetCore.Http;

namespace Grpc.AspNetCore.JsonTranscoding;

/// <summary>
/// Where a dialect writes the reply of a unary call: JSON that goes to the response pipe as it is written.
/// </summary>
public sealed class JsonResponseWriter
{
    /// <summary>A client that reads slowly should hold up the writer before much more than this is waiting.</summary>
    private const int FullBytes = 64 * 1024;

    private readonly ReplyBuffer _buffer = new();

    internal JsonResponseWriter()
    {
        Json = new Utf8JsonWriter(_buffer, JsonText.WriterOptions);
    }

    /// <summary>The HTTP request that is answered.</summary>
    public HttpContext HttpContext { get; private set; } = null!;

    /// <summary>
    /// The writer. Escapes little more than JSON needs, and doesn't check that calls come in a sensible order.
    /// </summary>
    public Utf8JsonWriter Json { get; }

    /// <summary>Bytes written since the last flush.</summary>
    public long UnflushedBytes => _buffer.UnflushedBytes + Json.BytesPending;

    /// <summary>Sends what was written so far, and waits while the client reads more slowly than we write.</summary>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    public ValueTask FlushAsync()
    {
        Json.Flush();
        return _buffer.FlushAsync(HttpContext.RequestAborted);
    }

    /// <summary>Flushes once 64 KiB are waiting: call it between the parts of a large reply.</summary>
    /// <inheritdoc cref="FlushAsync" path="/exception"/>
    public ValueTask FlushIfFullAsync() => UnflushedBytes >= FullBytes ? FlushAsync() : ValueTask.CompletedTask;

    internal void Begin(HttpContext context)
    {
        HttpContext = context;
        _buffer.Begin(context.Response);
    }

    /// <summary>Hands the rest to the response; a reply that was never flushed gets its Content-Length.</summary>
    internal void Complete()
    {
        Json.Flush();
        _buffer.Complete();
    }

    /// <summary>Takes back everything that was written.</summary>
    /// <returns>False when some of it is on its way already.</returns>
    internal bool TryDiscard()
    {
        Json.Reset();
        return _buffer.TryDiscard();
    }

    /// <summary>Lets go of the request, so that the writer can serve another one.</summary>
    internal void End()
    {
        Json.Reset();
        _buffer.End();
        HttpContext = null!;
    }
}
