using System.Diagnostics;
using System.Globalization;

namespace Batching.Engine.Model;

/// <summary>The header fields that tell an API where a call comes from: one for all calls of a batch. Immutable.</summary>
internal sealed class ForwardedFields
{
    private const string TraceVersion = "00-";

    // 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
    private const int TraceParentLength = 55;

    // What is stored of the submission's own span has the form of a traceparent but for its version.
    private const int SpanLength = TraceParentLength - 3;

    // The id of a trace.
    private const int TraceLength = 32;

    private readonly string? _ofSubmission;
    private readonly string _beforeSpan;
    private readonly string _afterSpan;

    /// <param name="peer">The client's address; null if it is not known.</param>
    /// <param name="trace">What <see cref="TraceOf(Activity, string)"/> gave; null for a trace that begins here.</param>
    public ForwardedFields(string? peer, string? trace)
    {
        trace ??= TraceOf(null);
        if (trace.Length == SpanLength
            && ActivityContext.TryParse(TraceVersion + trace, null, isRemote: true, out var submission))
        {
            Submission = submission;
            _ofSubmission = TraceVersion + trace;
        }

        _beforeSpan = string.Concat(TraceVersion, trace.AsSpan(0, TraceLength + 1));
        _afterSpan = trace[^3..];
        ForwardedFor = peer;
        // RFC 7239, section 6: an IPv6 address stands in brackets, and what has colons in quotes.
        Forwarded = peer is null ? null : peer.Contains(':', StringComparison.Ordinal) ? $"for=\"[{peer}]\"" : $"for={peer}";
    }

    /// <summary>The span of the batch's submission, where it was recorded; else the default.</summary>
    public ActivityContext Submission { get; }

    /// <summary>The value of <c>X-Forwarded-For</c>.</summary>
    public string? ForwardedFor { get; }

    /// <summary>The value of <c>Forwarded</c>.</summary>
    public string? Forwarded { get; }

    /// <summary>
    /// The part of a <c>traceparent</c> that is the same for all calls of a batch: the trace and its flags, as
    /// <c>0af7651916cd43dd8448eb211c80319c-01</c>.
    /// </summary>
    /// <param name="traceParent">The client's; null or not valid for a trace that begins here.</param>
    public static string TraceOf(string? traceParent) =>
        TryParse(traceParent, out var context)
            ? $"{context.TraceId}-{(int)context.TraceFlags:x2}"
            // Sampled, because an API that would record its calls by itself must not stop to.
            : $"{ActivityTraceId.CreateRandom()}-{(int)ActivityTraceFlags.Recorded:x2}";

    /// <summary>
    /// The same where the submission may have a span of its own: that is part of it if it is recorded, as
    /// <c>0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01</c>. If it was decided not to record the trace, its flags say so.
    /// </summary>
    /// <param name="submission">The activity of the submission; null if nobody listens.</param>
    /// <param name="traceParent">The client's.</param>
    public static string TraceOf(Activity? submission, string? traceParent) =>
        submission is null ? TraceOf(traceParent)
        : submission.Recorded ? $"{submission.TraceId}-{submission.SpanId}-{(int)submission.ActivityTraceFlags:x2}"
        : $"{submission.TraceId}-{(int)ActivityTraceFlags.None:x2}";

    /// <summary>Reads a <c>traceparent</c>; false if there is none or it is not valid.</summary>
    public static bool TryParse(string? traceParent, out ActivityContext context) =>
        ActivityContext.TryParse(ToKnownVersion(traceParent), null, isRemote: true, out context);

    // W3C Trace Context, "Versioning of traceparent": a later version begins with the fields of this one and may add others
    // behind another dash. Of its flags only the first is known. The version 255 is none. ActivityContext knows no later
    // version with more fields, and doesn't look at the dashes.
    private static string? ToKnownVersion(string? traceParent)
    {
        if (traceParent is not { Length: >= TraceParentLength } || traceParent is not [_, _, '-', ..]
            || traceParent[35] != '-' || traceParent[52] != '-')
        {
            return null;
        }

        var version = traceParent.AsSpan(0, 2);
        if (version is "00")
        {
            return traceParent;
        }

        var isLater = version is not "ff"
            && char.IsAsciiHexDigitLower(version[0])
            && char.IsAsciiHexDigitLower(version[1])
            && (traceParent.Length == TraceParentLength || traceParent[TraceParentLength] == '-');
        return isLater
            && byte.TryParse(
                traceParent.AsSpan(53, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var flags)
            ? string.Create(
                CultureInfo.InvariantCulture, $"00{traceParent.AsSpan(2, 51)}{flags & (int)ActivityTraceFlags.Recorded:x2}")
            : null;
    }

    /// <summary>
    /// A value of <c>traceparent</c> for a call that is not recorded: with the span of the submission if that was, else with a span of
    /// its own.
    /// </summary>
    public string NewTraceParent() => _ofSubmission ?? string.Create(
        CultureInfo.InvariantCulture, $"{_beforeSpan}{Random.Shared.NextInt64(1, long.MaxValue):x16}{_afterSpan}");
}
