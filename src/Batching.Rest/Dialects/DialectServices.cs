using Batching.Contracts.Anthropic;
using Batching.Contracts.Graph;
using Batching.Contracts.OpenAi;
using Batching.Engine.Configuration;
using Batching.Engine.Drafts;
using Batching.Rest.Anthropic;
using Batching.Rest.Calls;
using Batching.Rest.Graph;
using Batching.Rest.OpenAi;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Batching.Rest.Dialects;

/// <summary>Adds the batch APIs of others, where they are switched on.</summary>
internal static class DialectServices
{
    /// <summary>Adds what they need.</summary>
    /// <param name="services">Where to.</param>
    /// <param name="dialects">Which of them, as they are configured.</param>
    public static IServiceCollection AddDialects(this IServiceCollection services, DialectOptions dialects)
    {
        // The paths of the contract are those of an API behind where clients call others.
        var own = PathsOf(dialects).Select(path => path.Given.Value!).ToList();
        services.AddSingleton(Options.Create(dialects.OpenAI)).AddSingleton<ResultLines>();
        if (dialects.OpenAI.Enabled)
        {
            own.Add($"/{OpenAiBatchService.Descriptor.File.Package}.");
            services.AddSingleton<OpenAiService>().AddSingleton<OutputContent>();
            services.AddSingleton<OpenAiDraftReader>();
            services.AddSingleton<IDraftReader>(static provider => provider.GetRequiredService<OpenAiDraftReader>());
        }

        services.AddSingleton(Options.Create(dialects.Anthropic));
        if (dialects.Anthropic.Enabled)
        {
            own.Add($"/{MessageBatchService.Descriptor.File.Package}.");
            services.AddSingleton<AnthropicService>();
        }

        services.AddSingleton(Options.Create(dialects));
        if (dialects.Graph.Enabled)
        {
            own.Add($"/{GraphBatchService.Descriptor.File.Package}.");
            own.Add(GraphEndpoint.PathOf(dialects.Graph));
            services.AddSingleton<GraphService>().AddSingleton<GraphRuns>();
        }

        return services.Configure<BatchEngineOptions>(engine => engine.OwnPaths.UnionWith(own));
    }

    /// <summary>Prepares their calls. Goes before everything else, and routes.</summary>
    public static IApplicationBuilder UseDialects(this IApplicationBuilder app, DialectOptions dialects)
    {
        var paths = PathsOf(dialects);
        return paths.Count == 0 ? app : app.UseMiddleware<DialectMiddleware>(paths).UseRouting();
    }

    /// <summary>Maps their paths.</summary>
    /// <returns>Their endpoints.</returns>
    public static IEnumerable<IEndpointConventionBuilder> MapDialects(
        this IEndpointRouteBuilder endpoints, DialectOptions dialects)
    {
        if (dialects.OpenAI.Enabled)
        {
            yield return endpoints.MapGrpcService<OpenAiService>().WithRest().WithoutGrpc(V1.BatchService.Descriptor);
        }

        if (dialects.Anthropic.Enabled)
        {
            yield return endpoints.MapGrpcService<AnthropicService>().WithRest().WithoutGrpc(V1.BatchService.Descriptor);
        }

        if (dialects.Graph.Enabled)
        {
            yield return endpoints.MapGrpcService<GraphService>()
                .WithRest().At(dialects.Graph).WithoutGrpc(V1.KeyedBatchService.Descriptor);
        }
    }

    private static List<DialectPath> PathsOf(DialectOptions dialects)
    {
        var paths = new List<DialectPath>();
        if (dialects.OpenAI is { Enabled: true, BasePath: var root })
        {
            paths.Add(new DialectPath($"{root}/files", "/v1/files", RestForm.OpenAi, "x-request-id"));
            paths.Add(new DialectPath($"{root}/batches", "/v1/batches", RestForm.OpenAi, "x-request-id"));
        }

        if (dialects.Anthropic is { Enabled: true, BasePath: var front })
        {
            paths.Add(new DialectPath(
                $"{front}/messages/batches", "/v1/messages/batches", RestForm.Anthropic, "request-id", TakesApiKey: true));
        }

        return paths;
    }
}
