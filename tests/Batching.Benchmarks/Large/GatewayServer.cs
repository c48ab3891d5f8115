using System.Diagnostics;
using Batching.Benchmarks.Driver;
using Batching.V1;
using Grpc.Net.Client;

namespace Batching.Benchmarks.Large;

/// <summary>The gateway with a client of it, and with what it takes of memory and disk.</summary>
internal sealed class GatewayServer : IAsyncDisposable
{
    private const double Mebibyte = 1024 * 1024;

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    private readonly GatewayProcess _process;
    private readonly GrpcChannel _channel;

    private GatewayServer(GatewayProcess process)
    {
        _process = process;
        Address = $"http://127.0.0.1:{process.Port}";
        _channel = GrpcChannel.ForAddress(Address);
        Batches = new BatchService.BatchServiceClient(_channel);
    }

    public string Address { get; }

    public int Port => _process.Port;

    public BatchService.BatchServiceClient Batches { get; }

    public TimeSpan ProcessorTime => _process.ProcessorTime;

    /// <summary>The most physical memory that it has held so far, in MiB.</summary>
    public double PeakMebibytes => _process.PeakResidentBytes / Mebibyte;

    /// <summary>The physical memory that it holds, in MiB.</summary>
    public double ResidentMebibytes
    {
        get
        {
            using var process = Process.GetProcessById(_process.Id);
            return process.WorkingSet64 / Mebibyte;
        }
    }

    /// <summary>What it has stored on the disk, in MiB.</summary>
    public double StoredMebibytes => _process.StoredBytes / Mebibyte;

    public static async Task<GatewayServer> StartAsync(int upstreamPort) =>
        new(await GatewayProcess.StartAsync(upstreamPort));

    /// <summary>Waits until every request of a batch has its result.</summary>
    /// <returns>The batch.</returns>
    /// <exception cref="InvalidOperationException">Some have failed.</exception>
    public async Task<Batch> UntilDoneAsync(string id)
    {
        while (true)
        {
            var batch = (await Batches.GetBatchStatusAsync(new GetBatchStatusRequest { BatchId = id })).Batch;
            if (batch.RunningRequests == 0)
            {
                return batch.FailedRequests == 0
                    ? batch
                    : throw new InvalidOperationException($"{batch.FailedRequests} requests failed.");
            }

            await Task.Delay(PollInterval, TimeProvider.System);
        }
    }

    /// <summary>Uploads a batch of GETs.</summary>
    /// <returns>Its id.</returns>
    public async Task<string> UploadAsync(int count, int perMessage)
    {
        using var call = Batches.UploadBatch();
        for (var first = 0; first < count; first += perMessage)
        {
            await call.RequestStream.WriteAsync(
                new UploadBatchRequest { Requests = { Gets(first, Math.Min(perMessage, count - first)) } });
        }

        await call.RequestStream.CompleteAsync();
        return (await call).Batch.Id;
    }

    /// <summary>Submits a batch of GETs in one message.</summary>
    /// <returns>Its id.</returns>
    public async Task<string> CreateAsync(int count) =>
        (await Batches.CreateBatchAsync(new CreateBatchRequest { Requests = { Gets(0, count) } })).Batch.Id;

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _process.DisposeAsync();
    }

    private static IEnumerable<Request> Gets(int first, int count) =>
        Enumerable.Range(first, count).Select(i => new Request { Path = $"/api/v0/items/{i}" });
}
