using System.Reflection;
using Batching.Engine.Committing;
using Batching.Engine.Delivery;
using Batching.Engine.Detection;
using Batching.Engine.Drafts;
using Batching.Engine.Files;
using Batching.Engine.Keyed;
using Batching.Engine.Lifecycle;
using Batching.Engine.Quotas;
using Batching.Engine.References;
using Batching.Engine.Running;
using Batching.Engine.Scheduling;
using Batching.Engine.Spawning;
using Batching.Engine.Storage;
using Batching.Engine.Submission;
using Batching.Engine.Telemetry;
using Batching.Engine.Upstreams;
using Batching.Engine.Webhooks;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Hosting;

/// <summary>Adds the engine to a host.</summary>
public static class BatchEngineServices
{
    /// <summary>
    /// Adds the engine: <see cref="BatchSubmitter"/>, <see cref="BatchUploader"/>, <see cref="BatchAppender"/>, <see cref="BatchSealer"/>, <see cref="BatchReader"/>,
    /// <see cref="ResultFetcher"/>, <see cref="ResultStreamer"/>, <see cref="BodyReader"/>, <see cref="BatchCanceller"/>, <see cref="BatchDeleter"/>,
    /// <see cref="OperatorDesk"/>, <see cref="WebhookMessages"/>, <see cref="KeyedBatchRunner"/>, <see cref="KeyedBatchSubmitter"/>,
    /// <see cref="KeyedBatchPlanner"/>, <see cref="PaginationDetector"/> and <see cref="EngineHealth"/>. It needs an
    /// <see cref="IBatchStore"/>, an <see cref="ICredentialProtector"/> and
    /// <see cref="Configuration.BatchEngineOptions"/> beside it; <see cref="BatchFiles"/>, <see cref="BatchDrafts"/> and <see cref="AttributedBatches"/>
    /// need an <see cref="IFileStore"/> and an <see cref="IDraftStore"/>, which not every store is.
    /// </summary>
    public static IServiceCollection AddBatchEngine(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(static provider => provider.GetRequiredService<IBatchStore>().Hold);
        services.AddSingleton<ServingState>();
        services.AddSingleton<BatchIds>();
        services.AddSingleton<UpstreamRouter>();
        services.AddSingleton<UpstreamCaller>();
        services.AddSingleton<RequestReader>();
        services.AddSingleton<ResultReader>();
        services.AddSingleton<RequestValidator>();
        services.AddSingleton<Staging>();
        services.AddSingleton<BatchAcceptor>();
        services.AddSingleton<SubmissionKeys>();
        services.AddSingleton<SubmissionReplies>();
        services.AddSingleton<ActiveBatches>();
        services.AddSingleton<LoadQueue>();
        services.AddSingleton<CallQueues>();
        services.AddSingleton<ReferenceResolver>();
        services.AddSingleton<RequestLoader>();
        services.AddSingleton<RequestEnder>();
        services.AddSingleton<Spawner>();
        services.AddSingleton<RequestRunner>();
        services.AddSingleton<StoreHealth>();
        services.AddSingleton<CommitPublisher>();
        services.AddSingleton<EventMessages>();
        services.AddSingleton<GroupCommitter>();
        services.AddSingleton<Scheduler>();
        services.AddSingleton<Recovery>();
        services.AddSingleton<DelayedStarts>();
        services.AddSingleton<ExpirySweeper>();
        services.AddSingleton<DraftAcceptor>();
        services.AddSingleton<DraftWork>();
        services.AddSingleton<ChangeNotifier>();
        services.AddSingleton<BatchFinder>();
        services.AddSingleton<BatchViews>();
        services.AddSingleton<ReceivedMarks>();
        services.AddSingleton<DeliveryTracker>();
        services.AddSingleton<MemoryBudgets>();
        services.AddSingleton<ReplyBudget>();
        services.AddSingleton<OwnerQuotas>();
        services.AddSingleton<ReceiverRules>();
        services.AddSingleton<WebhookSecrets>();
        services.AddSingleton<MessageSender>();
        services.AddSingleton<RetryPlan>();
        services.AddSingleton<WebhookDispatcher>();
        services.AddSingleton<BatchMetrics>();
        services.AddSingleton<StoreSampler>();
        services.AddHostedService<BatchEngineHost>();
        return services
            .AddFace<EngineHealth>()
            .AddFace<BatchSubmitter>()
            .AddFace<BatchUploader>()
            .AddFace<BatchAppender>()
            .AddFace<BatchSealer>()
            .AddFace<BatchReader>()
            .AddFace<BatchWatcher>()
            .AddFace<ResultFetcher>()
            .AddFace<ResultStreamer>()
            .AddFace<BodyReader>()
            .AddFace<BatchCanceller>()
            .AddFace<BatchDeleter>()
            .AddFace<WebhookMessages>()
            .AddFace<BatchFiles>()
            .AddFace<BatchDrafts>()
            .AddFace<AttributedBatches>()
            .AddFace<OperatorDesk>()
            .AddFace<KeyedBatchRunner>()
            .AddFace<KeyedBatchPlanner>()
            .AddFace<KeyedBatchSubmitter>()
            .AddFace<PaginationDetector>();
    }

    // The constructors of faces take internal types, so that they are internal themselves, and the container calls none of them.
    private static IServiceCollection AddFace<TFace>(this IServiceCollection services)
        where TFace : class
    {
        var constructor = typeof(TFace).GetConstructors(BindingFlags.Instance | BindingFlags.NonPublic).Single();
        return services.AddSingleton(provider => (TFace)constructor.Invoke(
            BindingFlags.DoNotWrapExceptions,
            binder: null,
            [.. constructor.GetParameters().Select(parameter => provider.GetRequiredService(parameter.ParameterType))],
            culture: null));
    }
}
