using Microsoft.Extensions.Options;

namespace Batching.Server.Configuration;

/// <summary>
/// Keeps back what the framework logs about a start that fails, which is a stack trace, once or twice: the process ends with
/// a line that says what to do. With the level <c>Debug</c> nothing is kept back.
/// </summary>
internal sealed class StartLogs
{
    private const string Framework = "Microsoft.";

    private volatile bool _hasEnded;

    /// <summary>Whether the start is over.</summary>
    public bool HasEnded => _hasEnded;

    /// <summary>Whether everything is to be logged.</summary>
    public bool IsDebugging { get; private set; }

    /// <summary>Watches over a start.</summary>
    public void Watch(WebApplicationBuilder builder)
    {
        IsDebugging = Enum.TryParse(builder.Configuration["Logging:LogLevel:Default"], ignoreCase: true, out LogLevel level)
            && level <= LogLevel.Debug;
        if (!IsDebugging)
        {
            // Each rule gets the condition as well: only the one that fits a category best counts.
            builder.Services.PostConfigure<LoggerFilterOptions>(filters =>
            {
                LoggerFilterRule[] rules = [new(null, null, filters.MinLevel, null), .. filters.Rules];
                filters.Rules.Clear();
                foreach (var rule in rules)
                {
                    filters.Rules.Add(new LoggerFilterRule(
                        rule.ProviderName,
                        rule.CategoryName,
                        rule.LogLevel,
                        (provider, category, level) => (HasEnded || !IsKeptBack(category, level))
                            && rule.Filter?.Invoke(provider, category, level) != false));
                }
            });
        }
    }

    /// <summary>The start is over.</summary>
    public void End() => _hasEnded = true;

    private static bool IsKeptBack(string? category, LogLevel level) =>
        level >= LogLevel.Error && category?.StartsWith(Framework, StringComparison.Ordinal) == true;
}
