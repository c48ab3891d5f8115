using System.Buffers;
using System.IO.Compression;
using Batching.Rest.Requests;
using Grpc.Core;
using Grpc.Net.Compression;

namespace Batching.Server.Services;

/// <summary>
/// Decompresses messages at once, up to a limit: what is not compressed as its call says is the caller's error.
/// Grpc.AspNetCore 2.85.0 takes it for a failure of the service, and logs it. Thread-safe.
/// </summary>
/// <param name="inner">Does it.</param>
/// <param name="limit">Bytes; a longer message is cut behind it, where the server refuses it.</param>
internal sealed class CheckedCompression(ICompressionProvider inner, int limit) : ICompressionProvider
{
    // Finds the call that a message is of, which nobody else says.
    private static readonly HttpContextAccessor Calls = new();

    public string EncodingName => inner.EncodingName;

    public Stream CreateCompressionStream(Stream stream, CompressionLevel? compressionLevel) =>
        inner.CreateCompressionStream(stream, compressionLevel);

    public Stream CreateDecompressionStream(Stream stream)
    {
        var message = new MemoryStream();
        var memory = RequestMemory.Find(Calls.HttpContext);
        var buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
        try
        {
            using var decompressed = inner.CreateDecompressionStream(stream);
            for (int count; message.Length <= limit && (count = decompressed.Read(buffer)) > 0;)
            {
                memory?.TakeDecompressed(count);
                message.Write(buffer, 0, count);
            }
        }
        catch (Exception exception) when (CompressionFaults.IsBadData(exception))
        {
            throw new RpcException(new Status(StatusCode.Internal, $"The message is not valid {EncodingName}.", exception));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        message.Position = 0;
        return message;
    }
}
