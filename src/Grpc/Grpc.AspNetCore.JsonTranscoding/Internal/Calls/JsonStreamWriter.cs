using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Google.Protobuf;
using Grpc.AspNetCore.JsonTranscoding.Internal.Json;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using RpcStatus = Google.Rpc.Status;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Calls;

/// <summary>The response stream of a server-streaming call.</summary>
internal sealed class JsonStreamWriter<TResponse> : IServerStreamWriter<TResponse>, IDisposable
    where TResponse : class
{
    /// <summary>
    /// A handler that asks for buffering is flushed at this many bytes all the same, so that memory stays
    /// bounded.
    /// </summary>
    private const int MaxUnflushedBytes = 64 * 1024;

    private readonly Lock _gate = new();
    private readonly JsonServerCallContext _context;
    private readonly TranscodedRoute _route;
    private readonly IMessage _request;
    private readonly bool _isRaw;
    private readonly StreamFormat _format;
    private readonly HttpResponse _response;
    private readonly RecordBuffer _buffer;
    private readonly Utf8JsonWriter _json;
    private readonly CancellationToken _callEnds;
    private Task _lastWrite = Task.CompletedTask;
    private bool _hasBegun;
    private bool _isClosed;

    public JsonStreamWriter(JsonServerCallContext context, TranscodedRoute route, IMessage request, bool isRaw)
    {
        _context = context;
        _route = route;
        _request = request;
        _isRaw = isRaw;
        _format = StreamFormat.Choose(context.HttpContext.Request);
        _response = context.HttpContext.Response;

        // Kept, since asking for the request's costs a lock.
        _callEnds = context.CancellationToken;
        _buffer = new RecordBuffer(_response.BodyWriter);
        _json = new Utf8JsonWriter(_buffer, JsonText.WriterOptions);
    }

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(TResponse message) => WriteAsync(message, CancellationToken.None);

    public Task WriteAsync(TResponse message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled(cancellationToken);
        }

        lock (_gate)
        {
            ThrowIfClosed();
            if (!_lastWrite.IsCompleted)
            {
                throw new InvalidOperationException("Can't write the message because the previous write is in progress.");
            }

            WriteRecord(Unsafe.As<IMessage>(message));
            var flags = (WriteOptions ?? _context.WriteOptions)?.Flags ?? default;
            if ((flags & WriteFlags.BufferHint) != 0 && _buffer.UnflushedBytes < MaxUnflushedBytes)
            {
                return Task.CompletedTask;
            }

            _lastWrite = FlushAsync(cancellationToken);
            return _lastWrite;
        }
    }

    /// <summary>Sends the head of the reply before there is a message.</summary>
    public Task StartAsync()
    {
        lock (_gate)
        {
            ThrowIfClosed();
            Begin();
            _lastWrite = FlushAsync(CancellationToken.None);
            return _lastWrite;
        }
    }

    /// <summary>Refuses further writes of the handler.</summary>
    /// <returns>Whether the reply has begun, so that an error has to be its last record.</returns>
    public bool Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            return _hasBegun;
        }
    }

    /// <summary>
    /// Writes the last record, which leaves with what is still buffered when the response ends. To be called after
    /// <see cref="Close"/>.
    /// </summary>
    public async Task EndAsync(RpcStatus status, Metadata? trailers)
    {
        await _lastWrite.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Begin();
        if (trailers is not null)
        {
            MetadataHeaders.WriteTrailers(trailers, _response);
        }

        if (!WriteEnd(status) && status.Code != (int)StatusCode.OK)
        {
            _context.HttpContext.Abort();
        }
    }

    public void Dispose() => _json.Dispose();

    private void ThrowIfClosed()
    {
        if (_isClosed)
        {
            throw new InvalidOperationException("Can't write the message because the request is complete.");
        }
    }

    private void WriteRecord(IMessage message)
    {
        if (_isRaw)
        {
            var body = RawBody.Get(message, _route.ResponseBodyField);
            Begin(RawBody.ContentType(body));
            _response.BodyWriter.Write(body.Data.Span);
            _buffer.UnflushedBytes += body.Data.Length;
            return;
        }

        _buffer.Begin(_format.Prefix);
        try
        {
            _route.Dialect.WriteStreamMessage(_json, _route, _request, message);
            _json.Flush();
        }
        catch
        {
            if (_buffer.HasWritten)
            {
                // Part of the record is out; what follows would run into it.
                _context.HttpContext.Abort();
            }

            throw;
        }
        finally
        {
            _json.Reset();
        }

        _buffer.End(_format.Suffix);
        // Not earlier: as long as no record stands, an error is a reply of its own.
        Begin();
    }

    private bool WriteEnd(RpcStatus status)
    {
        if (_isRaw)
        {
            return false;
        }

        var record = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(record, JsonText.WriterOptions))
        {
            if (!_route.Dialect.WriteStreamEnd(writer, _route, _request, status))
            {
                return false;
            }
        }

        _buffer.Begin(_format.EndPrefix);
        _buffer.Write(record.WrittenSpan);
        _buffer.End(_format.Suffix);
        return true;
    }

    private void Begin(string? rawContentType = null)
    {
        if (_hasBegun)
        {
            return;
        }

        _hasBegun = true;
        _response.StatusCode = _route.Dialect.GetHttpStatus(_context.HttpContext, StatusCodes.Status200OK);
        _response.ContentType = _isRaw ? rawContentType ?? RawBody.DefaultContentType : _format.ContentType;
        if (!_isRaw && _format == StreamFormat.EventStream)
        {
            _response.Headers.CacheControl = "no-cache";
        }
    }

    private Task FlushAsync(CancellationToken cancellationToken)
    {
        _buffer.UnflushedBytes = 0;
        var flush = _response.BodyWriter.FlushAsync(
            cancellationToken.CanBeCanceled ? cancellationToken : _callEnds);
        if (!flush.IsCompletedSuccessfully)
        {
            return AwaitAsync(flush);
        }

        return flush.Result.IsCompleted ? Task.FromException(ClientGone()) : Task.CompletedTask;
    }

    private async Task AwaitAsync(ValueTask<System.IO.Pipelines.FlushResult> flush)
    {
        var result = await flush;
        if (result.IsCompleted)
        {
            throw ClientGone();
        }
    }

    private ClientGoneException ClientGone() => new(_callEnds);
}
