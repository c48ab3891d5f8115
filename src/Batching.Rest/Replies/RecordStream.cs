using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Google.Rpc;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.Replies;

/// <summary>
/// A reply of records that leave as they come: NDJSON or server-sent events. A record must not hold line breaks, which end
/// it in both. For one call.
/// </summary>
internal sealed class RecordStream : IDisposable
{
    // A group of records at hand is sent at this size all the same, so that memory stays bounded.
    private const int MaxUnflushedBytes = 64 * 1024;

    private readonly HttpContext _context;
    private readonly Action<Utf8JsonWriter, Status> _writeError;
    private readonly StreamFormat _format;
    private readonly PipeWriter _body;
    private readonly Utf8JsonWriter _json;

    /// <param name="context">The call. Until the first record is written an error becomes a reply of its own.</param>
    /// <param name="writeError">Writes the record that a stream ends with that failed.</param>
    public RecordStream(HttpContext context, Action<Utf8JsonWriter, Status> writeError)
    {
        _context = context;
        _writeError = writeError;
        _format = StreamFormat.Choose(context.Request);
        _body = context.Response.BodyWriter;
        _json = new Utf8JsonWriter(_body, JsonText.WriterOptions);
        context.Features.Set(this);

        // Not earlier than the call: an error may have to be the last record.
        context.Response.RegisterForDispose(this);
    }

    /// <summary>Writes a record.</summary>
    /// <typeparam name="T">What it is made of.</typeparam>
    /// <param name="record">What it is made of.</param>
    /// <param name="write">Makes it: one JSON value.</param>
    /// <param name="isLast">It is the last one, which leaves with the end of the reply.</param>
    /// <param name="moreAtHand">Another one comes right behind it, so that it needn't be sent yet.</param>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    public async ValueTask WriteAsync<T>(T record, Action<Utf8JsonWriter, T> write, bool isLast, bool moreAtHand)
    {
        if (!_context.Response.HasStarted)
        {
            await StartAsync();
        }

        Write(record, write, _format.Prefix);
        if (!isLast && (!moreAtHand || _body.UnflushedBytes >= MaxUnflushedBytes))
        {
            var result = await _body.FlushAsync(_context.RequestAborted);
            if (result.IsCompleted)
            {
                throw new OperationCanceledException("The client has gone.", _context.RequestAborted);
            }
        }
    }

    /// <summary>Ends a stream that failed, with a record that no complete one has. It leaves with the end of the reply.</summary>
    public void End(Status status)
    {
        // What was begun of a record can't be taken back, and what follows would run into it.
        if (_json.BytesPending > 0)
        {
            _context.Abort();
            return;
        }

        Write(status, _writeError, _format.ErrorPrefix);
    }

    public void Dispose() => _json.Dispose();

    private Task StartAsync()
    {
        var response = _context.Response;
        response.ContentType = _format.ContentType;
        if (_format == StreamFormat.EventStream)
        {
            response.Headers.CacheControl = "no-cache";
        }

        return response.StartAsync();
    }

    private void Write<T>(T record, Action<Utf8JsonWriter, T> write, byte[] prefix)
    {
        if (prefix.Length > 0)
        {
            _body.Write(prefix);
        }

        write(_json, record);
        _json.Flush();
        _json.Reset();
        _body.Write(_format.Suffix);
    }
}
