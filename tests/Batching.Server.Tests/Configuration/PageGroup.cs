using Batching.Server.Configuration;

namespace Batching.Server.Tests.Configuration;

/// <summary>A part of the page of the configuration: a table of keys.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="Text">What it says above the table.</param>
/// <param name="Holds">Which keys are in it, of those that are in no group before.</param>
internal sealed record PageGroup(string Title, string Text, Func<KnownKey, bool> Holds)
{
    /// <summary>Rows of keys that are no options of the gateway's: key, default, range, meaning.</summary>
    public IReadOnlyList<string[]> Others { get; init; } = [];

    /// <summary>A group of the keys that begin with this text.</summary>
    public static PageGroup Of(string title, string text, params string[] beginnings) => new(
        title, text, key => beginnings.Any(beginning => key.Path.StartsWith(beginning, StringComparison.Ordinal)));
}
