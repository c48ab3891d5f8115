using System.IO.Compression;
using Grpc.Net.Compression;
using Grpc.Net.Internal;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>The options of one service merged with those of all.</summary>
internal sealed class MethodOptions
{
    private MethodOptions(GrpcServiceOptions all, GrpcServiceOptions own)
    {
        MaxSendMessageSize = own.MaxSendMessageSizeSpecified ? own.MaxSendMessageSize : all.MaxSendMessageSize;
        MaxReceiveMessageSize = own.MaxReceiveMessageSizeSpecified ? own.MaxReceiveMessageSize : all.MaxReceiveMessageSize;
        MaxReceiveMessageMemory = own.MaxReceiveMessageMemory ?? all.MaxReceiveMessageMemory;
        EnableDetailedErrors = own.EnableDetailedErrors ?? all.EnableDetailedErrors ?? false;
        ResponseCompressionAlgorithm = own.ResponseCompressionAlgorithm ?? all.ResponseCompressionAlgorithm;
        ResponseCompressionLevel = own.ResponseCompressionLevel ?? all.ResponseCompressionLevel;
        CompressionProviders = Net.Internal.CompressionProviders.ByName(
            [.. all.CompressionProviders, .. own.CompressionProvidersOrNull ?? []]);
        AcceptEncoding = Net.Internal.CompressionProviders.AcceptEncoding(CompressionProviders);
        Interceptors = [.. all.Interceptors, .. own.Interceptors];

        if (ResponseCompressionAlgorithm is { } name
            && name != GrpcProtocol.Identity
            && !CompressionProviders.ContainsKey(name))
        {
            throw new InvalidOperationException(
                $"The configured response compression algorithm '{name}' does not have a matching compression provider.");
        }
    }

    public int? MaxSendMessageSize { get; }

    public int? MaxReceiveMessageSize { get; }

    public long? MaxReceiveMessageMemory { get; }

    public bool EnableDetailedErrors { get; }

    public string? ResponseCompressionAlgorithm { get; }

    public CompressionLevel? ResponseCompressionLevel { get; }

    public IReadOnlyDictionary<string, ICompressionProvider> CompressionProviders { get; }

    public string AcceptEncoding { get; }

    public IReadOnlyList<InterceptorRegistration> Interceptors { get; }

    public static MethodOptions Merge(GrpcServiceOptions all, GrpcServiceOptions own) => new(all, own);
}
