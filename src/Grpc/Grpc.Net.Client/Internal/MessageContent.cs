using System.Net;

namespace Grpc.Net.Client.Internal;

/// <summary>A request body of one frame.</summary>
internal sealed class MessageContent(ReadOnlyMemory<byte> frame) : HttpContent
{
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        stream.WriteAsync(frame).AsTask();

    protected override Task SerializeToStreamAsync(
        Stream stream,
        TransportContext? context,
        CancellationToken cancellationToken) => stream.WriteAsync(frame, cancellationToken).AsTask();

    // No content-length: gRPC's requests have none, and some proxies wait for all of it.
    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
