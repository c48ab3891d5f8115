using System.IO.Compression;
using Batching.Server.Services;
using Grpc.Core;
using Grpc.Net.Compression;

namespace Batching.Server.Tests.Services;

public sealed class CheckedCompressionTests
{
    // RFC 1950, section 2.2: the header says that the data needs a dictionary, which nobody has.
    [Theory]
    [InlineData(new byte[] { 0x78, 0xBB, 0, 0, 0, 1, 3, 0 })]
    [InlineData(new byte[] { 1, 2, 3, 4 })]
    public void CreateDecompressionStream_BadData_IsTheCallersError(byte[] message)
    {
        var compression = new CheckedCompression(new DeflateCompressionProvider(CompressionLevel.Fastest), limit: 1_000);
        using var stream = new MemoryStream(message);
        var error = Assert.Throws<RpcException>(() => compression.CreateDecompressionStream(stream));
        Assert.Equal((StatusCode.Internal, "The message is not valid deflate."), (error.StatusCode, error.Status.Detail));
    }
}
