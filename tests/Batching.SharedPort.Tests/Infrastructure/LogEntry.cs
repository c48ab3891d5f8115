using Microsoft.Extensions.Logging;

namespace Batching.SharedPort.Tests.Infrastructure;

/// <summary>Something that a server logged.</summary>
internal sealed record LogEntry(
    LogLevel Level, string Category, string? Event, string Text, IReadOnlyList<string> Scopes);
