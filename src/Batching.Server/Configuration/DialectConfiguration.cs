using Batching.Engine.Configuration;
using Batching.Rest.Dialects;
using Batching.Rest.OpenAi;
using Microsoft.Extensions.Options;

namespace Batching.Server.Configuration;

/// <summary>Reads which batch APIs of others are served.</summary>
internal static class DialectConfiguration
{
    private const string OpenAiEndpoint = "/v1/chat/completions";

    /// <summary>Reads the section <c>Batch:Dialects</c>.</summary>
    /// <exception cref="OptionsValidationException">It is wrong; names each key.</exception>
    public static DialectOptions GetDialects(this IConfiguration configuration)
    {
        var dialects = configuration.GetSection(DialectOptions.Section).Get<DialectOptions>() ?? new DialectOptions();
        string[] problems =
            [.. OptionAnnotations.FindProblems($"{DialectOptions.Section}:{nameof(dialects.OpenAI)}", dialects.OpenAI)];
        return problems.Length == 0
            ? dialects
            : throw new OptionsValidationException(DialectOptions.Section, typeof(OpenAiOptions), problems);
    }

    /// <summary>Says which of them have no API behind.</summary>
    public static void WarnOfDialectsWithoutUpstream(this WebApplication app, DialectOptions dialects)
    {
        var upstreams = app.Services.GetRequiredService<IOptions<BatchEngineOptions>>().Value.Upstreams;
        if (dialects.OpenAI.Enabled && !upstreams.Any(upstream => Takes(upstream, OpenAiEndpoint)))
        {
            ConfigurationLog.DialectWithoutUpstream(app.Logger, OpenAiEndpoint, "OpenAI");
        }
    }

    private static bool Takes(UpstreamOptions upstream, string path) =>
        upstream.Prefix == "/" || new PathString(path).StartsWithSegments(upstream.Prefix.TrimEnd('/'));
}
