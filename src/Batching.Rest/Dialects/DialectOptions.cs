using Batching.Engine.Configuration;
using Batching.Rest.Anthropic;
using Batching.Rest.OpenAi;

namespace Batching.Rest.Dialects;

/// <summary>The batch APIs of others that the gateway serves: the configuration section <c>Batch:Dialects</c>.</summary>
internal sealed class DialectOptions
{
    public static readonly string Section = OptionKey.Of("Dialects");

    /// <summary>OpenAI's Batch API.</summary>
    public OpenAiOptions OpenAI { get; set; } = new();

    /// <summary>Anthropic's Message Batches API.</summary>
    public AnthropicOptions Anthropic { get; set; } = new();
}
