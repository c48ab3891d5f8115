using Batching.Benchmarks.Grpc.V1;
using Grpc.Core;

namespace Batching.Benchmarks.Grpc;

/// <summary>A service class as anybody would write it.</summary>
internal sealed class BenchmarkRpcService : BenchmarkService.BenchmarkServiceBase
{
    private static readonly WriteOptions Buffered = new(WriteFlags.BufferHint);

    public override Task<Item> Echo(Item request, ServerCallContext context) => Task.FromResult(request);

    public override Task Download(
        DownloadRequest request, IServerStreamWriter<Block> responseStream, ServerCallContext context) =>
        WriteAsync(responseStream, Samples.Block);

    public override Task DownloadBuffered(
        DownloadRequest request, IServerStreamWriter<Block> responseStream, ServerCallContext context)
    {
        responseStream.WriteOptions = Buffered;
        return WriteAsync(responseStream, Samples.Block);
    }

    public override Task List(
        ListRequest request, IServerStreamWriter<Item> responseStream, ServerCallContext context) =>
        WriteAsync(responseStream, Samples.ItemMessage);

    public override Task ListBuffered(
        ListRequest request, IServerStreamWriter<Item> responseStream, ServerCallContext context)
    {
        responseStream.WriteOptions = Buffered;
        return WriteAsync(responseStream, Samples.ItemMessage);
    }

    private static async Task WriteAsync<T>(IServerStreamWriter<T> stream, T message)
    {
        for (var i = 0; i < Samples.MessagesPerStream; i++)
        {
            await stream.WriteAsync(message);
        }
    }
}
