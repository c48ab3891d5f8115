namespace Batching.Engine.Configuration;

/// <summary>The keys of options in the configuration, as messages name them.</summary>
public static class OptionKey
{
    /// <summary>The section that <see cref="BatchEngineOptions"/> are read from.</summary>
    public const string Section = "Batch";

    /// <summary>The key of a member of <see cref="BatchEngineOptions"/>: <c>Batch:CommitDelay</c>.</summary>
    public static string Of(string name) => $"{Section}:{name}";

    /// <summary>The key of a member of one of its parts: <c>Batch:Limits:PageBytes</c>.</summary>
    /// <typeparam name="TPart">The part, for example <see cref="LimitOptions"/>.</typeparam>
    public static string Of<TPart>(string name) => $"{Part<TPart>.Key}:{name}";

    private static class Part<TPart>
    {
        public static readonly string Key = Of(
            typeof(BatchEngineOptions).GetProperties().Single(property => property.PropertyType == typeof(TPart)).Name);
    }
}
