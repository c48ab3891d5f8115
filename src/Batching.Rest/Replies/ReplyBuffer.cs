using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.Replies;

/// <summary>
/// The body of a reply with its first bytes held back: while it is short it can still be replaced by an error, and it gets
/// a Content-Length. Everything after that is written into the response itself.
/// </summary>
internal sealed class ReplyBuffer : IBufferWriter<byte>
{
    private readonly byte[] _head = new byte[16 * 1024];
    private HttpResponse? _response;
    private PipeWriter? _pipe;
    private int _status;
    private int _headBytes;
    private long _pipeBytes;

    /// <summary>Bytes written since the last flush.</summary>
    public long UnflushedBytes => _pipe is null ? _headBytes : _pipeBytes;

    public void Begin(HttpResponse response, int status)
    {
        _response = response;
        _status = status;
    }

    public void End()
    {
        _response = null;
        _pipe = null;
        _headBytes = 0;
        _pipeBytes = 0;
    }

    public void Advance(int count)
    {
        if (_pipe is null)
        {
            _headBytes += count;
        }
        else
        {
            _pipe.Advance(count);
            _pipeBytes += count;
        }
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_pipe is null)
        {
            if (_head.Length - _headBytes >= Math.Max(sizeHint, 1))
            {
                return _head.AsMemory(_headBytes);
            }

            Release();
        }

        return _pipe!.GetMemory(sizeHint);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        Release();
        var result = await _pipe!.FlushAsync(cancellationToken);
        _pipeBytes = 0;
        if (result.IsCompleted)
        {
            throw new ClientGoneException();
        }
    }

    /// <summary>
    /// Begins the response if nothing has, and leaves the rest of the body to it: whoever wants to know whether the reply
    /// leaves can flush it before its end.
    /// </summary>
    public Task CompleteAsync()
    {
        var response = _response!;
        if (_pipe is null)
        {
            response.ContentLength = _headBytes;
            Release();
        }

        return response.HasStarted ? Task.CompletedTask : response.StartAsync();
    }

    private void Release()
    {
        if (_pipe is not null)
        {
            return;
        }

        var response = _response!;
        response.StatusCode = _status;
        response.ContentType = "application/json";

        // Over HTTP/2 Kestrel sends what is written before the head of the reply, even where that is all there may be.
        _pipe = HttpMethods.IsHead(response.HttpContext.Request.Method)
            ? PipeWriter.Create(Stream.Null)
            : response.BodyWriter;
        _pipe.Write(_head.AsSpan(0, _headBytes));
        _pipeBytes = _headBytes;
    }
}
