using Grpc.Net.Compression;

namespace Grpc.Net.Client;

/// <summary>How a channel connects and what its calls may send and receive.</summary>
public sealed class GrpcChannelOptions
{
    /// <summary>
    /// Sends the requests; it must speak HTTP/2. Null, the default: a <see cref="SocketsHttpHandler"/> of the channel's
    /// own, which opens more connections when the server's limit of streams on one is reached.
    /// </summary>
    public HttpMessageHandler? HttpHandler { get; set; }

    /// <summary>Sends the requests in place of a handler. Its base address and timeout are not used.</summary>
    public HttpClient? HttpClient { get; set; }

    /// <summary>True: the channel's disposal disposes the handler or client that was given. False by default.</summary>
    public bool DisposeHttpClient { get; set; }

    /// <summary>The largest message to send, in bytes before compression. Null, the default, is no limit.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>The largest message to receive, in bytes after decompression. 4 MiB by default; null is no limit.</summary>
    public int? MaxReceiveMessageSize { get; set; } = 4 * 1024 * 1024;

    /// <summary>The encodings that can be read and written. Null, the default, is gzip and deflate.</summary>
    public IList<ICompressionProvider>? CompressionProviders { get; set; }
}
