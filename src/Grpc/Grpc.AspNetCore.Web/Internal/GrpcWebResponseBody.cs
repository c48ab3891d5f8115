using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Grpc.AspNetCore.Web.Internal;

/// <summary>A response body whose trailers are its last frame.</summary>
internal sealed class GrpcWebResponseBody : IHttpResponseBodyFeature, IHttpResponseTrailersFeature
{
    // The most significant bit of the flag byte marks trailers ("PROTOCOL-WEB").
    private const byte TrailersFlag = 0x80;
    private const int HeaderSize = 5;

    private readonly IHttpResponseBodyFeature _inner;
    private bool _trailersWritten;

    public GrpcWebResponseBody(IHttpResponseBodyFeature inner, GrpcWebMode mode)
    {
        _inner = inner;
        Writer = mode == GrpcWebMode.Text ? new Base64PipeWriter(inner.Writer) : inner.Writer;
        Stream = mode == GrpcWebMode.Text ? Writer.AsStream(leaveOpen: true) : inner.Stream;
    }

    public Stream Stream { get; }

    public PipeWriter Writer { get; }

    public IHeaderDictionary Trailers { get; set; } = new HeaderDictionary();

    public void DisableBuffering() => _inner.DisableBuffering();

    public Task StartAsync(CancellationToken cancellationToken = default) => _inner.StartAsync(cancellationToken);

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
        SendFileFallback.SendFileAsync(Stream, path, offset, count, cancellationToken);

    public async Task CompleteAsync()
    {
        await WriteTrailersAsync();
        await _inner.CompleteAsync();
    }

    /// <summary>Writes what was set as trailers, once; a response whose headers said all has none.</summary>
    public async Task WriteTrailersAsync()
    {
        if (_trailersWritten)
        {
            return;
        }

        _trailersWritten = true;
        if (Trailers.Count > 0)
        {
            var lines = new StringBuilder();
            foreach (var (name, values) in Trailers)
            {
                foreach (var value in values)
                {
                    lines.Append(name.ToLowerInvariant()).Append(": ").Append(value).Append("\r\n");
                }
            }

            var payload = Encoding.ASCII.GetBytes(lines.ToString());
            var header = new byte[HeaderSize];
            header[0] = TrailersFlag;
            BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(1), payload.Length);
            Writer.Write(header);
            Writer.Write(payload);
        }

        await Writer.FlushAsync();
    }
}
