namespace Batching.Benchmarks.Grpc;

/// <summary>What a server did under a load. A message is what one costs: a call, or a piece of a stream.</summary>
internal sealed class Contender(Load load, ServerProcess server)
{
    private readonly double _messages = (double)load.Requests * load.Messages;

    /// <summary>Thousands of messages a second.</summary>
    public Series Rate { get; } = new();

    /// <summary>Processor time that the server took for a message, in microseconds.</summary>
    public Series Cpu { get; } = new();

    /// <summary>Bytes that the server allocated for a message.</summary>
    public Series Allocated { get; } = new();

    public double LastRate { get; private set; }

    public Task SendAsync() => load.SendAsync(server, load.Requests);

    public async Task MeasureAsync()
    {
        var allocated = await server.GetAllocatedBytesAsync();
        var processorTime = server.ProcessorTime;
        LastRate = await load.SendAsync(server, load.Requests) * load.Messages / 1000;
        processorTime = server.ProcessorTime - processorTime;
        allocated = await server.GetAllocatedBytesAsync() - allocated;
        Rate.Add(LastRate);
        Cpu.Add(processorTime.TotalMicroseconds / _messages);
        Allocated.Add(allocated / _messages);
    }
}
