using Microsoft.Extensions.Logging;

namespace Batching.Testing;

/// <summary>Something that a server logged.</summary>
/// <param name="Level">Its level.</param>
/// <param name="Category">Who logged it.</param>
/// <param name="Event">The name of the event.</param>
/// <param name="Message">The message, and the exception if there is one.</param>
/// <param name="Values">The values that structured logs keep, whether the message has them or not.</param>
/// <param name="Scopes">The scopes that it is in.</param>
public sealed record LogEntry(
    LogLevel Level, string Category, string? Event, string Message, string Values, IReadOnlyList<string> Scopes)
{
    /// <summary>All of it in one line, the scopes apart.</summary>
    public string Text => $"{Level} {Category} {Event}: {Message} {Values}";
}
