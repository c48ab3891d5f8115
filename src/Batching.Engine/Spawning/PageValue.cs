using System.Text.Json;

namespace Batching.Engine.Spawning;

/// <summary>The place of a value in the bytes of a page.</summary>
/// <param name="Kind">The first token of it; <see cref="JsonTokenType.None"/> if the page does not have it.</param>
/// <param name="Start">Its first byte.</param>
/// <param name="End">The byte behind it.</param>
internal readonly record struct PageValue(JsonTokenType Kind, int Start, int End)
{
    /// <summary>Whether it says something: it is there, and not null.</summary>
    public bool IsGiven => Kind is not (JsonTokenType.None or JsonTokenType.Null);
}
