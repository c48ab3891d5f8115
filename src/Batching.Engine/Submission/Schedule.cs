using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Engine.Submission;

/// <summary>The times of a batch and its priority, read of the terms of its submission.</summary>
/// <param name="StartTime">The time before which none of its requests is begun; null for at once.</param>
/// <param name="Priority">Its rank among the batches of its owner.</param>
/// <param name="Deadline">The time at which it is stopped; null for none but its expiry.</param>
/// <param name="IsOpen">Whether requests may be appended.</param>
internal readonly record struct Schedule(
    DateTimeOffset? StartTime, int Priority, DateTimeOffset? Deadline, bool IsOpen = false)
{
    /// <summary>That of a batch of which nothing is said.</summary>
    public static Schedule AtOnce { get; } = new(null, BatchRecord.DefaultPriority, null);

    /// <summary>Reads terms.</summary>
    /// <param name="terms">The terms.</param>
    /// <param name="now">The time, in whole milliseconds.</param>
    /// <param name="retention">How far ahead a batch may start.</param>
    /// <param name="mayBeOpen">Whether there are open batches.</param>
    /// <param name="problems">Is given what is wrong with them.</param>
    public static Schedule Read(
        SubmissionTerms terms, DateTimeOffset now, RetentionOptions retention, bool mayBeOpen, List<Problem> problems)
    {
        if (terms.IsOpen && !mayBeOpen)
        {
            problems.Add(new Problem("open", "is not available where several gateways share the work"));
        }

        var start = ReadTime(terms.StartTime, "start_time", problems);
        if (start > now + retention.Metadata)
        {
            var key = OptionKey.Of<RetentionOptions>(nameof(RetentionOptions.Metadata));
            problems.Add(new Problem("start_time", $"must be within {retention.Metadata} from now ({key})"));
        }
        else if (terms.IsOpen && start > now)
        {
            problems.Add(new Problem("start_time", "must not be given together with open: an open batch begins at once"));
        }

        if (terms.Priority is < BatchRecord.MinPriority or > BatchRecord.MaxPriority)
        {
            problems.Add(new Problem(
                "priority", $"must be from {BatchRecord.MinPriority} to {BatchRecord.MaxPriority}, not {terms.Priority}"));
        }

        var deadline = ReadTime(terms.Deadline, "deadline", problems);
        if (deadline <= now)
        {
            problems.Add(new Problem("deadline", "must be in the future"));
        }
        else if (deadline <= start)
        {
            problems.Add(new Problem("deadline", "must be later than start_time"));
        }

        return new Schedule(start > now ? start : null, terms.Priority ?? BatchRecord.DefaultPriority, deadline, terms.IsOpen);
    }

    private static DateTimeOffset? ReadTime(Timestamp? time, string field, List<Problem> problems)
    {
        if (time is null)
        {
            return null;
        }

        // The years that a Timestamp may have.
        if (time.Seconds is < -62_135_596_800 or > 253_402_300_799 || time.Nanos is < 0 or > 999_999_999)
        {
            problems.Add(new Problem(field, "is no time between the years 1 and 9999"));
            return null;
        }

        return DateTimeOffset.FromUnixTimeMilliseconds((time.Seconds * 1_000) + (time.Nanos / 1_000_000));
    }
}
