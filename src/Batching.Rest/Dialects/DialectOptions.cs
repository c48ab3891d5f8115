using Batching.Engine.Configuration;
using Batching.Rest.Anthropic;
using Batching.Rest.Graph;
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

    /// <summary>The batches of Microsoft Graph.</summary>
    public GraphOptions Graph { get; set; } = new();

    /// <summary>The names of the dialects that are switched on, and the paths to which their batches are sent.</summary>
    public IEnumerable<KeyValuePair<string, string>> Paths
    {
        get
        {
            if (OpenAI.Enabled)
            {
                yield return KeyValuePair.Create("openai", $"{OpenAI.BasePath}/batches");
            }

            if (Anthropic.Enabled)
            {
                yield return KeyValuePair.Create("anthropic", $"{Anthropic.BasePath}/messages/batches");
            }

            if (Graph.Enabled)
            {
                yield return KeyValuePair.Create("graph", GraphEndpoint.PathOf(Graph));
            }
        }
    }

    /// <summary>The limits of the dialects that are switched on, by the names of their keys.</summary>
    public IEnumerable<KeyValuePair<string, object>> Limits => Graph.Enabled
        ? [KeyValuePair.Create<string, object>($"{Section}:{nameof(Graph)}:{nameof(GraphOptions.MaxRequests)}", Graph.MaxRequests)]
        : [];
}
