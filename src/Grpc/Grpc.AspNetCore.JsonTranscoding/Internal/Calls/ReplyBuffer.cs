using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Calls;

/// <summary>
/// The response pipe with its first bytes held back: while a reply is short it can still be replaced by an
/// error, and it gets a Content-Length. Everything after that is written into the pipe itself.
/// </summary>
internal sealed class ReplyBuffer : IBufferWriter<byte>
{
    private readonly byte[] _head = new byte[16 * 1024];
    private HttpResponse? _response;
    private PipeWriter? _pipe;
    private int _headBytes;
    private long _pipeBytes;

    public long UnflushedBytes => _pipe is null ? _headBytes : _pipeBytes;

    public void Begin(HttpResponse response)
    {
        _response = response;
        _pipe = null;
        _headBytes = 0;
        _pipeBytes = 0;
    }

    public void End()
    {
        _response = null;
        _pipe = null;
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
        if (_pipe is null)
        {
            Release();
        }

        var result = await _pipe!.FlushAsync(cancellationToken);
        _pipeBytes = 0;
        if (result.IsCompleted)
        {
            throw new ClientGoneException(cancellationToken);
        }
    }

    /// <summary>
    /// Hands the rest to the response, which flushes it when it ends: whoever wants to know whether the reply leaves
    /// can flush it before.
    /// </summary>
    public void Complete()
    {
        if (_pipe is null)
        {
            _response!.ContentLength = _headBytes;
            Release();
        }
    }

    public bool TryDiscard()
    {
        _headBytes = 0;
        return _pipe is null;
    }

    private void Release()
    {
        // Over HTTP/2 Kestrel sends what was written before the head of the reply, even where that is all there may be.
        _pipe = HttpMethods.IsHead(_response!.HttpContext.Request.Method)
            ? PipeWriter.Create(Stream.Null)
            : _response.BodyWriter;
        _pipe.Write(_head.AsSpan(0, _headBytes));
        _pipeBytes = _headBytes;
    }
}
