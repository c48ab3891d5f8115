using System.Diagnostics.Metrics;
using Batching.Engine.Committing;
using Batching.Engine.Delivery;
using Batching.Engine.Expiry;
using Batching.Engine.Identifiers;
using Batching.Engine.Keyed;
using Batching.Engine.Quotas;
using Batching.Engine.Scheduling;
using Batching.Engine.Spawning;
using Batching.Engine.Storage;
using Batching.Engine.Submission;
using Batching.Engine.Upstreams;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Batching.Engine;

/// <summary>Adds the engine to a host.</summary>
public static class BatchEngineServices
{
    /// <summary>
    /// Adds the engine: <see cref="BatchSubmitter"/>, <see cref="BatchUploader"/>, <see cref="StatusReader"/>,
    /// <see cref="ResultFetcher"/>, <see cref="ResultStreamer"/>, <see cref="BodyReader"/>, <see cref="BatchCanceller"/>,
    /// <see cref="KeyedBatchRunner"/> and <see cref="EngineHealth"/>. It needs an <see cref="IBatchStore"/>, an <see cref="ICredentialProtector"/> and
    /// <see cref="BatchEngineOptions"/> beside it.
    /// </summary>
    public static IServiceCollection AddBatchEngine(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<BatchIds>();
        services.AddSingleton<UpstreamRouter>();
        services.AddSingleton<UpstreamCaller>();
        services.AddSingleton<RequestReader>();
        services.AddSingleton<ResultReader>();
        services.AddSingleton<RequestValidator>();
        services.AddSingleton<BatchAcceptor>();
        services.AddSingleton<ActiveBatches>();
        services.AddSingleton<RequestLoader>();
        services.AddSingleton<Spawner>();
        services.AddSingleton<RequestRunner>();
        services.AddSingleton<StoreHealth>();
        services.AddSingleton<GroupCommitter>();
        services.AddSingleton<Scheduler>();
        services.AddSingleton<Recovery>();
        services.AddSingleton<BatchRemover>();
        services.AddSingleton<ExpirySweeper>();
        services.AddSingleton<BatchSignals>();
        services.AddSingleton<BatchFinder>();
        services.AddSingleton<BatchViews>();
        services.AddSingleton<Deliveries>();
        services.AddSingleton<ReplyMemory>();
        services.AddSingleton<OwnerQuotas>();
        services.AddSingleton(provider => new BatchMetrics(Get<IMeterFactory>(provider), Get<UpstreamRouter>(provider)));
        services.AddHostedService<BatchEngineHost>();
        return services.AddFaces();
    }

    // Their constructors take internal types, so the container can't call them by itself.
    private static IServiceCollection AddFaces(this IServiceCollection services) => services
        .AddSingleton(provider => new EngineHealth(Get<StoreHealth>(provider)))
        .AddSingleton(provider => new BatchSubmitter(
            Get<RequestValidator>(provider),
            Get<OwnerQuotas>(provider),
            Get<BatchAcceptor>(provider),
            Get<BatchViews>(provider),
            Get<IOptions<BatchEngineOptions>>(provider)))
        .AddSingleton(provider => new BatchUploader(
            Get<RequestValidator>(provider),
            Get<OwnerQuotas>(provider),
            Get<BatchAcceptor>(provider),
            Get<GroupCommitter>(provider),
            Get<Scheduler>(provider),
            Get<BatchViews>(provider),
            Get<IOptions<BatchEngineOptions>>(provider),
            Get<TimeProvider>(provider),
            Get<ILogger<BatchUploader>>(provider)))
        .AddSingleton(provider => new StatusReader(
            Get<IBatchStore>(provider),
            Get<BatchFinder>(provider),
            Get<BatchIds>(provider),
            Get<BatchViews>(provider),
            Get<IOptions<BatchEngineOptions>>(provider)))
        .AddSingleton(provider => new ResultFetcher(
            Get<IBatchStore>(provider),
            Get<BatchFinder>(provider),
            Get<BatchIds>(provider),
            Get<BatchViews>(provider),
            Get<RequestReader>(provider),
            Get<ResultReader>(provider),
            Get<Deliveries>(provider),
            Get<IOptions<BatchEngineOptions>>(provider),
            Get<TimeProvider>(provider)))
        .AddSingleton(provider => new ResultStreamer(
            Get<IBatchStore>(provider),
            Get<ActiveBatches>(provider),
            Get<OwnerQuotas>(provider),
            Get<BatchFinder>(provider),
            Get<BatchViews>(provider),
            Get<RequestReader>(provider),
            Get<ResultReader>(provider),
            Get<Deliveries>(provider),
            Get<BatchSignals>(provider),
            Get<IOptions<BatchEngineOptions>>(provider),
            Get<TimeProvider>(provider)))
        .AddSingleton(provider => new BodyReader(
            Get<IBatchStore>(provider),
            Get<BatchFinder>(provider),
            Get<BatchIds>(provider),
            Get<BatchViews>(provider),
            Get<ResultReader>(provider),
            Get<OwnerQuotas>(provider)))
        .AddSingleton(provider => new BatchCanceller(
            Get<IBatchStore>(provider),
            Get<BatchFinder>(provider),
            Get<BatchViews>(provider),
            Get<ActiveBatches>(provider),
            Get<Scheduler>(provider),
            Get<GroupCommitter>(provider),
            Get<BatchRemover>(provider)))
        .AddSingleton(provider => new KeyedBatchRunner(
            Get<OwnerQuotas>(provider),
            Get<UpstreamRouter>(provider),
            Get<RequestValidator>(provider),
            Get<UpstreamCaller>(provider),
            Get<Scheduler>(provider),
            Get<ReplyMemory>(provider),
            Get<IOptions<BatchEngineOptions>>(provider),
            Get<TimeProvider>(provider),
            Get<ILogger<KeyedBatchRunner>>(provider)));

    private static T Get<T>(IServiceProvider provider)
        where T : notnull =>
        provider.GetRequiredService<T>();
}
