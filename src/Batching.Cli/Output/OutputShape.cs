namespace Batching.Cli.Output;

/// <summary>The part of each result that is written.</summary>
internal sealed record OutputShape
{
    /// <summary>The header fields of the responses, too.</summary>
    public bool Headers { get; init; }

    /// <summary>The items of pages, each on a line, and nothing else.</summary>
    public bool Items { get; init; }

    /// <summary>The place of the items in a page, as a JSON Pointer. Null: the page itself is the array, or the first array among its members.</summary>
    public string? ItemsPointer { get; init; }
}
