using Batching.Engine.Configuration;
using Batching.Engine.Delivery;
using Batching.Engine.Drafts;
using Batching.Engine.Hosting;
using Batching.Engine.Lifecycle;
using Batching.Engine.Model;
using Batching.Engine.Running;
using Batching.Engine.Storage;
using Batching.Engine.Submission;
using Batching.Storage.Sqlite;
using Batching.V1;
using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Tests.Infrastructure;

/// <summary>The whole engine on a host, with a real SQLite store and a clock that stands still.</summary>
internal sealed class EngineHost : IAsyncDisposable
{
    public static readonly Caller Alice = new("alice", null);
    public static readonly Caller Bob = new("bob", null);

    private readonly FakeLogCollector _log = FakeLogCollector.Create(
        new FakeLogCollectorOptions { FilteredLevels = { LogLevel.Error, LogLevel.Critical } });

    private readonly IHost _host;
    private bool _stopped;

    private EngineHost(string directory, FakeTime time, Action<BatchEngineOptions> configure, IDraftReader? drafts)
    {
        Time = time;
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.AddProvider(new FakeLoggerProvider(_log));
        var store = new SqliteBatchStore(
            Options.Create(new SqliteStoreOptions { Directory = directory }), NullLogger<SqliteBatchStore>.Instance);
        Store = new FaultyStore(store);
        builder.Services.AddSingleton<TimeProvider>(time);
        builder.Services.AddSingleton<IBatchStore>(_ => Store);
        if (drafts is not null)
        {
            builder.Services.AddSingleton(drafts);
            builder.Services.AddSingleton<IDraftStore>(_ => store);
        }

        builder.Services.AddSingleton<ICredentialProtector>(Protector);
        builder.Services.Configure<BatchEngineOptions>(options =>
        {
            options.ShutdownGrace = TimeSpan.Zero;
            options.CommitDelay = TimeSpan.Zero;
            configure(options);
        });
        builder.Services.AddBatchEngine();
        _host = builder.Build();
    }

    public FakeTime Time { get; }

    public FaultyStore Store { get; }

    public FakeProtector Protector { get; } = new();

    /// <summary>Whether errors in the log belong to the test.</summary>
    public bool ErrorsAreExpected { get; set; }

    /// <summary>What was logged as an error.</summary>
    public IReadOnlyCollection<string> Errors =>
        [.. _log.GetSnapshot().Select(record => $"{record.Id.Name}: {record.Message} {record.Exception}")];

    public BatchSubmitter Submitter => Get<BatchSubmitter>();

    public BatchUploader Uploader => Get<BatchUploader>();

    public BatchReader Batches => Get<BatchReader>();

    public ResultFetcher Fetcher => Get<ResultFetcher>();

    public ResultStreamer Streamer => Get<ResultStreamer>();

    public BatchCanceller Canceller => Get<BatchCanceller>();

    public BatchDeleter Deleter => Get<BatchDeleter>();

    public static Task<EngineHost> StartAsync(TemporaryDirectory directory, TestApi upstream, int concurrency = 8) =>
        StartAsync(directory, Upstream(upstream.Url, concurrency));

    public static async Task<EngineHost> StartAsync(
        TemporaryDirectory directory,
        Action<BatchEngineOptions> configure,
        FakeTime? time = null,
        Action<EngineHost>? prepare = null,
        IDraftReader? drafts = null)
    {
        var host = new EngineHost(directory.FullName, time ?? new FakeTime(), configure, drafts);
        prepare?.Invoke(host);
        await host._host.StartAsync();
        return host;
    }

    /// <summary>Options with one upstream for every path.</summary>
    public static Action<BatchEngineOptions> Upstream(Uri address, int concurrency = 8) => options =>
        options.Upstreams.Add(new UpstreamOptions { BaseAddress = address, MaxConcurrency = concurrency });

    /// <summary>Requests that differ by their number: GET /PREFIX/0, /PREFIX/1 …</summary>
    public static Request[] Gets(int count, string prefix = "items") =>
        [.. Enumerable.Range(0, count).Select(i => new Request { Path = $"/{prefix}/{i}" })];

    public static Request Post(string path, string body = "{}") =>
        new() { Path = path, Method = "POST", Body = ByteString.CopyFromUtf8(body) };

    public T Get<T>()
        where T : notnull =>
        _host.Services.GetRequiredService<T>();

    /// <summary>Submits a batch that must be accepted.</summary>
    public async Task<Batch> SubmitAsync(IReadOnlyList<Request> requests, Caller? caller = null)
    {
        var answer = await Submitter.SubmitAsync(caller ?? Alice, requests, [], CancellationToken.None);
        Assert.True(answer.Succeeded, answer.Refusal?.Message);
        return answer.Value;
    }

    public async Task<Batch> StatusAsync(string id, bool detailed = false, Caller? caller = null)
    {
        var answer = await Batches.GetStatusAsync(
            caller ?? Alice, new GetBatchStatusRequest { BatchId = id, Detailed = detailed }, CancellationToken.None);
        Assert.True(answer.Succeeded, answer.Refusal?.Message);
        return answer.Value;
    }

    /// <summary>Waits until nothing of a batch runs any more, and it is in the store alone.</summary>
    public async Task<Batch> UntilDoneAsync(string id, Caller? caller = null)
    {
        Batch? batch = null;
        await Eventually.BeTrueAsync(
            async () => (batch = await StatusAsync(id, caller: caller)).RunningRequests == 0, $"the end of batch {id}");
        Assert.True(Get<BatchIds>().TryParseBatch(id, out var key));
        await Eventually.BeTrueAsync(() => !Get<ActiveBatches>().TryGet(key, out _), $"batch {id} is not worked on any more");
        return batch!;
    }

    /// <summary>Waits until so many results of a batch are committed.</summary>
    public Task UntilFinishedAsync(string id, int count) => Eventually.BeTrueAsync(
        async () =>
        {
            var batch = await StatusAsync(id);
            return batch.TotalRequests - batch.RunningRequests >= count;
        },
        $"{count} results of batch {id}");

    /// <summary>Fetches a page without saying yet what became of it.</summary>
    public async Task<ResultPage> PageAsync(string id, long? after = null)
    {
        var request = new FetchBatchRequest { BatchId = id };
        if (after is { } position)
        {
            request.After = position;
        }

        var answer = await Fetcher.FetchAsync(Alice, request, CancellationToken.None);
        Assert.True(answer.Succeeded, answer.Refusal?.Message);
        return answer.Value;
    }

    /// <summary>Fetches a page and receives it.</summary>
    public async Task<FetchBatchResponse> FetchAsync(string id, long? after = null)
    {
        using var page = await PageAsync(id, after);
        page.Delivery.Complete(received: true);
        return page.Response;
    }

    /// <summary>Waits for the end of a batch and reads all its results by position.</summary>
    public async Task<List<Request>> ResultsAsync(string id, Caller? caller = null)
    {
        await UntilDoneAsync(id, caller);
        var results = new List<Request>();
        while (true)
        {
            var answer = await Fetcher.FetchAsync(
                caller ?? Alice, new FetchBatchRequest { BatchId = id, After = results.Count }, CancellationToken.None);
            Assert.True(answer.Succeeded, answer.Refusal?.Message);
            using var page = answer.Value;
            page.Delivery.Complete(received: true);
            if (page.Response.Batch.Requests.Count == 0)
            {
                return results;
            }

            results.AddRange(page.Response.Batch.Requests);
        }
    }

    public async Task StopAsync()
    {
        _stopped = true;
        await Eventually.WithDeadlineAsync(_host.StopAsync(), "the end of the host");
    }

    public async ValueTask DisposeAsync()
    {
        if (!_stopped)
        {
            await StopAsync();
        }

        await ((IAsyncDisposable)_host).DisposeAsync();
        if (!ErrorsAreExpected)
        {
            Assert.Empty(Errors);
        }
    }
}
