using System.Net;
using System.Reflection;
using Grpc.Core;
using Grpc.Net.Compression;
using Grpc.Net.Internal;

namespace Grpc.Net.Client.Internal;

/// <summary>Makes the HTTP request of a call ("Requests" in the gRPC over HTTP/2 specification).</summary>
internal static class RequestMessages
{
    private static readonly string UserAgent =
        $"grpc-dotnet/{typeof(RequestMessages).Assembly.GetName().Version?.ToString(3)} (.NET {Environment.Version.Major})";

    public static HttpRequestMessage Create(
        Uri uri,
        string? host,
        Metadata? metadata,
        TimeSpan? timeout,
        ICompressionProvider? compression,
        string acceptEncoding,
        HttpContent content)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, uri)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        content.Headers.TryAddWithoutValidation("Content-Type", GrpcProtocol.ContentType);
        var headers = request.Headers;
        headers.Host = host;
        headers.TryAddWithoutValidation("TE", "trailers");
        headers.TryAddWithoutValidation("User-Agent", UserAgent);
        headers.TryAddWithoutValidation(GrpcProtocol.AcceptEncodingHeader, acceptEncoding);
        if (timeout is { } duration)
        {
            headers.TryAddWithoutValidation(GrpcProtocol.TimeoutHeader, GrpcTimeout.Format(duration));
        }

        if (compression is not null)
        {
            headers.TryAddWithoutValidation(GrpcProtocol.EncodingHeader, compression.EncodingName);
        }

        foreach (var entry in metadata ?? Metadata.Empty)
        {
            if (!GrpcProtocol.IsReservedHeader(entry.Key))
            {
                headers.TryAddWithoutValidation(
                    entry.Key,
                    entry.IsBinary ? BinaryHeader.Encode(entry.ValueBytes) : entry.Value);
            }
        }

        return request;
    }
}
