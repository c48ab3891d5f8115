using Grpc.Core;

namespace Batching.Server.Services;

/// <summary>Lets a message of a stream wait for the next one before it is sent.</summary>
internal static class BufferedWrite
{
    public static WriteOptions Options { get; } = new(WriteFlags.BufferHint);
}
