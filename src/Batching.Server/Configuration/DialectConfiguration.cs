using Batching.Engine.Configuration;
using Batching.Engine.Storage;
using Batching.Rest.Dialects;
using Batching.Rest.Graph;
using Batching.Rest.OpenAi;
using Microsoft.Extensions.Options;

namespace Batching.Server.Configuration;

/// <summary>Reads which batch APIs of others are served.</summary>
internal static class DialectConfiguration
{
    private const string OpenAiEndpoint = "/v1/chat/completions";
    private const string AnthropicEndpoint = "/v1/messages";

    private static readonly string GraphSection = $"{DialectOptions.Section}:{nameof(DialectOptions.Graph)}";

    /// <summary>Reads the section <c>Batch:Dialects</c>.</summary>
    /// <exception cref="OptionsValidationException">It is wrong; names each key.</exception>
    public static DialectOptions GetDialects(this IConfiguration configuration)
    {
        var dialects = configuration.GetSection(DialectOptions.Section).Get<DialectOptions>() ?? new DialectOptions();
        string[] problems =
        [
            .. OptionAnnotations.FindProblems($"{DialectOptions.Section}:{nameof(dialects.OpenAI)}", dialects.OpenAI),
            .. OptionAnnotations.FindProblems($"{DialectOptions.Section}:{nameof(dialects.Anthropic)}", dialects.Anthropic),
            .. OptionAnnotations.FindProblems(GraphSection, dialects.Graph),
            .. FindTooMany(configuration, dialects.Graph),
        ];
        return problems.Length == 0
            ? dialects
            : throw new OptionsValidationException(DialectOptions.Section, typeof(DialectOptions), problems);
    }

    /// <summary>Finds out whether they can be served, and says which of them have no API behind.</summary>
    /// <exception cref="OptionsValidationException">The store keeps no files.</exception>
    public static void CheckDialects(this WebApplication app, DialectOptions dialects)
    {
        var services = app.Services;
        if (dialects.OpenAI.Enabled
            && (services.GetService<IFileStore>() is null || services.GetService<IDraftStore>() is null))
        {
            throw new OptionsValidationException(
                DialectOptions.Section,
                typeof(DialectOptions),
                [$"{OpenAiOptions.KeyOf(nameof(OpenAiOptions.Enabled))}: the store that is configured keeps no files."]);
        }

        var upstreams = app.Services.GetRequiredService<IOptions<BatchEngineOptions>>().Value.Upstreams;
        if (dialects.OpenAI.Enabled && !upstreams.Any(upstream => Takes(upstream, OpenAiEndpoint)))
        {
            ConfigurationLog.DialectWithoutUpstream(app.Logger, OpenAiEndpoint, "OpenAI");
        }

        if (dialects.Anthropic.Enabled && !upstreams.Any(upstream => Takes(upstream, AnthropicEndpoint)))
        {
            ConfigurationLog.DialectWithoutUpstream(app.Logger, AnthropicEndpoint, "Anthropic");
        }
    }

    private static IEnumerable<string> FindTooMany(IConfiguration configuration, GraphOptions graph)
    {
        var key = OptionKey.Of<KeyedOptions>(nameof(KeyedOptions.Calls));
        var calls = configuration.GetValue(key, new KeyedOptions().Calls);
        if (graph.Enabled && graph.MaxRequests > calls)
        {
            yield return $"{GraphSection}:{nameof(GraphOptions.MaxRequests)} must not be more than {key}, which is {calls}: its requests are "
                + "calls of a keyed batch.";
        }
    }

    private static bool Takes(UpstreamOptions upstream, string path) =>
        upstream.Prefix == "/" || new PathString(path).StartsWithSegments(upstream.Prefix.TrimEnd('/'));
}
