namespace Batching.Engine.Model;

/// <summary>The names of events, as callers write them and as messages have them.</summary>
internal static class BatchEventNames
{
    /// <summary>All events, in the order in which they are shown.</summary>
    public static IReadOnlyList<BatchEvents> All { get; } = [BatchEvents.Done, BatchEvents.FailedFirst, BatchEvents.Expired];

    /// <summary>The name of one event: <c>done</c>.</summary>
    public static string NameOf(BatchEvents one) => one switch
    {
        BatchEvents.Done => "done",
        BatchEvents.FailedFirst => "failed_first",
        BatchEvents.Expired => "expired",
        _ => throw new ArgumentOutOfRangeException(nameof(one), one, "Not one event."),
    };

    /// <summary>The event of that name; none if there is no such.</summary>
    public static BatchEvents Find(string name) => All.FirstOrDefault(one => NameOf(one) == name);

    /// <summary>The names of several events.</summary>
    public static IEnumerable<string> NamesOf(BatchEvents events) =>
        All.Where(one => events.HasFlag(one)).Select(NameOf);
}
