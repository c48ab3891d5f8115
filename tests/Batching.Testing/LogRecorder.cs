using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Batching.Testing;

/// <summary>Keeps what a server logs.</summary>
/// <param name="level">The least that is kept.</param>
public sealed class LogRecorder(LogLevel level = LogLevel.Trace) : ILoggerProvider, ISupportExternalScope
{
    private readonly ConcurrentQueue<LogEntry> _entries = new();
    private readonly LogLevel _level = level;
    private IExternalScopeProvider _scopes = new LoggerExternalScopeProvider();

    public IEnumerable<LogEntry> Entries => _entries;

    /// <summary>The texts of all entries, and, if everything is kept, those of their scopes.</summary>
    public IEnumerable<string> All => _entries.SelectMany(
        entry => _level == LogLevel.Trace ? entry.Scopes.Prepend(entry.Text) : [entry.Text]);

    /// <summary>The texts of those that tell of an error or worse.</summary>
    public IEnumerable<string> Errors => _entries.Where(entry => entry.Level >= LogLevel.Error).Select(entry => entry.Text);

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

    public void Dispose()
    {
    }

    private void Add(LogLevel entryLevel, string category, string? name, string message, object? state)
    {
        var scopes = new List<string>();
        _scopes.ForEachScope(static (scope, list) => list.Add($"{scope} {DescribeValues(scope)}".Trim()), scopes);
        _entries.Enqueue(new LogEntry(entryLevel, category, name, message, DescribeValues(state), scopes));
    }

    // Structured logs keep the values, whether the message has them or not.
    private static string DescribeValues(object? state) => state is IEnumerable<KeyValuePair<string, object?>> values
        ? string.Join(' ', values.Select(value => $"{value.Key}={value.Value}"))
        : "";

    private sealed class Logger(LogRecorder recorder, string category) : ILogger
    {
        // The factory of the loggers keeps the scopes.
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= recorder._level;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter) =>
            recorder.Add(logLevel, category, eventId.Name, $"{formatter(state, exception)} {exception}".Trim(), state);
    }
}
