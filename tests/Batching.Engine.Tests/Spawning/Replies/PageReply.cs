using System.Text.Json;

namespace Batching.Engine.Tests.Spawning.Replies;

/// <summary>A page as an API documents it, and the calls that it must lead to: a row of <c>replies.json</c>.</summary>
/// <param name="Api">The API.</param>
/// <param name="Source">Its documentation. Only names and forms are from there; the values are our own.</param>
/// <param name="Path">What the spawner asks for.</param>
/// <param name="Body">The page.</param>
/// <param name="Next">
/// The calls that follow, each as its target, its body, or its range; none for the end of the query. A string is what the
/// error says that ends it.
/// </param>
public sealed record PageReply(string Api, string Source, string Path, JsonElement Body, JsonElement Next)
{
    public string Method { get; init; } = "GET";

    public JsonElement? Params { get; init; }

    /// <summary>The body of the spawner.</summary>
    public JsonElement? Request { get; init; }

    /// <summary>In proto3 JSON; nothing where the reply tells by itself.</summary>
    public JsonElement? Pagination { get; init; }

    /// <summary>The header fields of the page.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    public override string ToString() => $"{Api} {Next}";
}
