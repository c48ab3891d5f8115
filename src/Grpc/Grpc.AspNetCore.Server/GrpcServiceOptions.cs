using System.IO.Compression;
using Grpc.Net.Compression;

namespace Grpc.AspNetCore.Server;

/// <summary>How services are served; those of all services, or of one by <see cref="GrpcServiceOptions{TService}"/>.</summary>
public class GrpcServiceOptions
{
    /// <summary>4 MiB, the limit that gRPC implementations have in common.</summary>
    internal const int DefaultReceiveMaxMessageSize = 4 * 1024 * 1024;

    private int? _maxReceiveMessageSize;
    private int? _maxSendMessageSize;

    /// <summary>
    /// The largest message to send, in bytes before compression; a larger one ends the call with
    /// <see cref="Core.StatusCode.ResourceExhausted"/>. Null, the default, is no limit.
    /// </summary>
    public int? MaxSendMessageSize
    {
        get => _maxSendMessageSize;
        set
        {
            _maxSendMessageSize = value;
            MaxSendMessageSizeSpecified = true;
        }
    }

    /// <summary>
    /// The largest message to receive, in bytes after decompression; a larger one ends the call with
    /// <see cref="Core.StatusCode.ResourceExhausted"/>. 4 MiB by default; null is no limit.
    /// </summary>
    public int? MaxReceiveMessageSize
    {
        get => _maxReceiveMessageSize;
        set
        {
            _maxReceiveMessageSize = value;
            MaxReceiveMessageSizeSpecified = true;
        }
    }

    /// <summary>
    /// The most memory that a received protobuf message may take when it is decoded, in bytes, estimated from its encoding
    /// before; a message that takes more ends the call with <see cref="Core.StatusCode.ResourceExhausted"/>. A message of
    /// very many very small parts takes up to 200 times its bytes. Null, the default, is no limit. The official package has
    /// no such option.
    /// </summary>
    public long? MaxReceiveMessageMemory { get; set; }

    /// <summary>
    /// True: a client is told the type and message of an exception that a handler did not catch. Those may hold
    /// secrets, so the default (null) is false.
    /// </summary>
    public bool? EnableDetailedErrors { get; set; }

    /// <summary>
    /// True: a call of an unknown service goes on to the next middleware instead of ending with
    /// <see cref="Core.StatusCode.Unimplemented"/>. False by default.
    /// </summary>
    public bool? IgnoreUnknownServices { get; set; }

    /// <summary>The encoding of responses, if the client accepts it; null, the default, is none.</summary>
    public string? ResponseCompressionAlgorithm { get; set; }

    /// <summary>How hard responses are compressed; null leaves it to the provider (fastest).</summary>
    public CompressionLevel? ResponseCompressionLevel { get; set; }

    /// <summary>The encodings that can be read and written; gzip and deflate by default.</summary>
    public IList<ICompressionProvider> CompressionProviders
    {
        get => CompressionProvidersOrNull ??= [];
        set => CompressionProvidersOrNull = value;
    }

    /// <summary>The interceptors, the outermost first. Those of all services stand outside those of one.</summary>
    public InterceptorCollection Interceptors { get; } = [];

    internal bool MaxSendMessageSizeSpecified { get; private set; }

    internal bool MaxReceiveMessageSizeSpecified { get; private set; }

    internal IList<ICompressionProvider>? CompressionProvidersOrNull { get; private set; }
}
