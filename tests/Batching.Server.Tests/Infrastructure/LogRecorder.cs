using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Batching.Server.Tests.Infrastructure;

/// <summary>Keeps what a server logs.</summary>
/// <param name="level">The least that is kept; scopes, which have no level, only with everything.</param>
public sealed class LogRecorder(LogLevel level) : ILoggerProvider
{
    private readonly ConcurrentQueue<(LogLevel Level, string Text)> _entries = new();

    public IEnumerable<string> All => _entries.Select(entry => entry.Text);

    public IEnumerable<string> Errors =>
        _entries.Where(entry => entry.Level >= LogLevel.Error).Select(entry => entry.Text);

    public ILogger CreateLogger(string categoryName) => new Logger(categoryName, level, _entries);

    public void Dispose()
    {
    }

    private sealed class Logger(string category, LogLevel level, ConcurrentQueue<(LogLevel Level, string Text)> entries) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
        {
            if (level == LogLevel.Trace)
            {
                entries.Enqueue((LogLevel.Trace, $"Scope {category}: {state} {DescribeValues(state)}"));
            }

            return null;
        }

        public bool IsEnabled(LogLevel logLevel) => logLevel >= level;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter) =>
            entries.Enqueue((
                logLevel,
                $"{logLevel} {category} {eventId.Name}: {formatter(state, exception)} {exception} {DescribeValues(state)}"));

        // Structured logs keep the values, whether the text has them or not.
        private static string DescribeValues<TState>(TState state) =>
            state is IEnumerable<KeyValuePair<string, object?>> values
                ? string.Join(' ', values.Select(value => $"{value.Key}={value.Value}"))
                : "";
    }
}
