using Batching.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Batching.Client.Tests.Infrastructure;

/// <summary>A gateway that fails as a test wants it to.</summary>
public sealed class FakeGateway : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeGateway(WebApplication app, FakeBatchService service)
    {
        _app = app;
        Service = service;
    }

    public FakeBatchService Service { get; }

    public Uri Address => new(_app.Urls.Single());

    public static async Task<FakeGateway> StartAsync()
    {
        var service = new FakeBatchService();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(
            endpoint => endpoint.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(service);
        var app = builder.Build();
        app.MapGrpcService<FakeBatchService>();
        await app.StartAsync();
        return new FakeGateway(app, service);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    /// <summary>Its service: every call takes the next failure that is waiting, and only then succeeds.</summary>
    public sealed class FakeBatchService : BatchService.BatchServiceBase
    {
        private readonly Queue<RpcException> _failures = new();
        private int _calls;

        /// <summary>Calls that came.</summary>
        public int Calls => Volatile.Read(ref _calls);

        /// <summary>Records of each stream of results, by the number of the stream; then the stream ends.</summary>
        public Func<int, IEnumerable<FetchResultsResponse>> Streams { get; set; } = _ => [];

        /// <summary>The keys of the submissions.</summary>
        public List<string?> Keys { get; } = [];

        /// <summary>The positions at which streams were asked to begin.</summary>
        public List<long> Afters { get; } = [];

        public void FailWith(params RpcException[] failures) => Array.ForEach(failures, _failures.Enqueue);

        public override Task<CreateBatchResponse> CreateBatch(CreateBatchRequest request, ServerCallContext context)
        {
            Keys.Add(context.RequestHeaders.GetValue("idempotency-key"));
            Take();
            return Task.FromResult(new CreateBatchResponse { Batch = new Batch { Id = "1000000000000000" } });
        }

        public override Task<GetBatchStatusResponse> GetBatchStatus(GetBatchStatusRequest request, ServerCallContext context)
        {
            Take();
            return Task.FromResult(new GetBatchStatusResponse { Batch = new Batch { Id = request.BatchId } });
        }

        public override Task<DeleteBatchResponse> DeleteBatch(DeleteBatchRequest request, ServerCallContext context)
        {
            Take();
            return Task.FromResult(new DeleteBatchResponse());
        }

        public override async Task FetchResults(
            FetchResultsRequest request, IServerStreamWriter<FetchResultsResponse> responseStream, ServerCallContext context)
        {
            Afters.Add(request.After);
            foreach (var record in Streams(Afters.Count - 1))
            {
                await responseStream.WriteAsync(record, context.CancellationToken);
            }

            Take();
        }

        private void Take()
        {
            Interlocked.Increment(ref _calls);
            if (_failures.TryDequeue(out var failure))
            {
                throw failure;
            }
        }
    }
}
