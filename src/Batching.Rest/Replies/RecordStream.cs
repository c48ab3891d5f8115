using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Text.Json;
using Batching.Rest.Calls;
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

    private const int MaxPositionLength = 20;

    private readonly HttpContext _context;
    private readonly Action<Utf8JsonWriter, Status> _writeError;
    private readonly StreamFormat _format;
    private readonly PipeWriter _body;
    private readonly Utf8JsonWriter _json;

    /// <param name="context">The call. Until the stream is started an error becomes a reply of its own.</param>
    /// <param name="format">How its records are set apart.</param>
    /// <param name="writeError">Writes the record that a stream ends with that failed.</param>
    public RecordStream(HttpContext context, StreamFormat format, Action<Utf8JsonWriter, Status> writeError)
    {
        _context = context;
        _writeError = writeError;
        _format = format;
        _body = context.Response.BodyWriter;
        _json = new Utf8JsonWriter(_body, JsonText.WriterOptions);
        context.Features.Set(this);

        // Not earlier than the call: an error may have to be the last record.
        context.Response.RegisterForDispose(this);
    }

    /// <summary>Begins the reply, unless it has begun. Its head leaves with the first record.</summary>
    public async ValueTask StartAsync()
    {
        if (_context.Response.HasStarted)
        {
            return;
        }

        _context.Response.ContentType = _format.ContentType;
        _context.Response.SetStreamHeaders();
        await _context.Response.StartAsync();
        _body.Write(_format.Start);
    }

    /// <summary>Begins the reply, and sends its head now.</summary>
    public async Task SendHeadAsync()
    {
        await StartAsync();
        await FlushAsync();
    }

    /// <summary>Writes a record.</summary>
    /// <typeparam name="T">What it is made of.</typeparam>
    /// <param name="record">What it is made of.</param>
    /// <param name="position">Where the stream is with it; null if the stream has no positions.</param>
    /// <param name="write">Makes it: one JSON value.</param>
    /// <param name="isLast">It is the last one, which leaves with the end of the reply.</param>
    /// <param name="moreAtHand">Another one comes right behind it, so that it needn't be sent yet.</param>
    /// <exception cref="ClientGoneException"/>
    public async ValueTask WriteAsync<T>(
        T record, long? position, Action<Utf8JsonWriter, T> write, bool isLast, bool moreAtHand)
    {
        if (position is { } known && _format.PositionPrefix is { } prefix)
        {
            _body.Write(prefix);
            Utf8Formatter.TryFormat(known, _body.GetSpan(MaxPositionLength), out var length);
            _body.Advance(length);
            _body.Write(_format.PositionSuffix);
        }

        Write(record, write, _format.Prefix);
        if (!isLast && (!moreAtHand || _body.UnflushedBytes >= MaxUnflushedBytes))
        {
            await FlushAsync();
        }
    }

    /// <summary>Writes a sign of life: a record only where the format has nothing else.</summary>
    /// <inheritdoc cref="WriteAsync"/>
    public ValueTask WriteHeartbeatAsync<T>(T record, long position, Action<Utf8JsonWriter, T> write)
    {
        if (_format.Heartbeat is not { } heartbeat)
        {
            return WriteAsync(record, position, write, isLast: false, moreAtHand: false);
        }

        _body.Write(heartbeat);
        return FlushAsync();
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

    private async ValueTask FlushAsync()
    {
        var result = await _body.FlushAsync(_context.RequestAborted);
        if (result.IsCompleted)
        {
            throw new ClientGoneException();
        }
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
