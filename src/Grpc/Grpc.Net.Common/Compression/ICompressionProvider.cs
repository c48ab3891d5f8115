using System.IO.Compression;

namespace Grpc.Net.Compression;

/// <summary>A message encoding ("Message-Encoding" in the gRPC over HTTP/2 specification).</summary>
public interface ICompressionProvider
{
    /// <summary>The name in <c>grpc-encoding</c> and <c>grpc-accept-encoding</c>.</summary>
    string EncodingName { get; }

    /// <summary>A stream that compresses what is written to it. Disposing it must not close <paramref name="outputStream"/>.</summary>
    /// <param name="outputStream">Takes the compressed bytes.</param>
    /// <param name="compressionLevel">The level; null for <see cref="CompressionLevel.Fastest"/>.</param>
    Stream CreateCompressionStream(Stream outputStream, CompressionLevel? compressionLevel);

    /// <summary>A stream that reads compressed bytes decompressed.</summary>
    Stream CreateDecompressionStream(Stream compressedStream);
}
