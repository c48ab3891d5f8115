using Batching.Engine.Configuration;
using Batching.Rest.Graph;

namespace Batching.Rest;

/// <summary>The configuration section <c>Batch:Dialects</c>: the other batch APIs whose clients are served.</summary>
internal sealed class DialectOptions
{
    public static readonly string Section = OptionKey.Of("Dialects");

    /// <summary>The batches of Microsoft Graph.</summary>
    public GraphOptions Graph { get; set; } = new();

    /// <summary>The names of the dialects that are switched on, and the paths to which their batches are sent.</summary>
    public IEnumerable<KeyValuePair<string, string>> Paths =>
        Graph.Enabled ? [KeyValuePair.Create("graph", GraphEndpoint.PathOf(Graph))] : [];

    /// <summary>The limits of the dialects that are switched on, by the names of their keys.</summary>
    public IEnumerable<KeyValuePair<string, object>> Limits => Graph.Enabled
        ? [KeyValuePair.Create<string, object>($"{Section}:{nameof(Graph)}:{nameof(GraphOptions.MaxRequests)}", Graph.MaxRequests)]
        : [];
}
