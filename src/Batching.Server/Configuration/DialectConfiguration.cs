using Batching.Engine.Configuration;
using Batching.Rest.Dialects;
using Microsoft.Extensions.Options;

namespace Batching.Server.Configuration;

/// <summary>Reads which batch APIs of others are served.</summary>
internal static class DialectConfiguration
{
    private const string OpenAiEndpoint = "/v1/chat/completions";
    private const string AnthropicEndpoint = "/v1/messages";

    /// <summary>Reads the section <c>Batch:Dialects</c>.</summary>
    /// <exception cref="OptionsValidationException">It is wrong; names each key.</exception>
    public static DialectOptions GetDialects(this IConfiguration configuration)
    {
        var dialects = configuration.GetSection(DialectOptions.Section).Get<DialectOptions>() ?? new DialectOptions();
        string[] problems =
        [
            .. OptionAnnotations.FindProblems($"{DialectOptions.Section}:{nameof(dialects.OpenAI)}", dialects.OpenAI),
            .. OptionAnnotations.FindProblems($"{DialectOptions.Section}:{nameof(dialects.Anthropic)}", dialects.Anthropic),
        ];
        return problems.Length == 0
            ? dialects
            : throw new OptionsValidationException(DialectOptions.Section, typeof(DialectOptions), problems);
    }

    /// <summary>Says which of them have no API behind.</summary>
    public static void WarnOfDialectsWithoutUpstream(this WebApplication app, DialectOptions dialects)
    {
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

    private static bool Takes(UpstreamOptions upstream, string path) =>
        upstream.Prefix == "/" || new PathString(path).StartsWithSegments(upstream.Prefix.TrimEnd('/'));
}
