using Batching.Engine.Configuration;
using Batching.Rest.Graph;

namespace Batching.Rest;

/// <summary>The configuration section <c>Batch:Dialects</c>: the other batch APIs whose clients are served.</summary>
internal sealed class DialectOptions
{
    public static readonly string Section = OptionKey.Of("Dialects");

    /// <summary>The batches of Microsoft Graph.</summary>
    public GraphOptions Graph { get; set; } = new();
}
