using System.Diagnostics;
using System.Globalization;

namespace Batching.Engine.Model;

/// <summary>The header fields that tell an API where a call comes from: one for all calls of a batch. Immutable.</summary>
internal sealed class ForwardedFields
{
    private const string TraceVersion = "00-";

    // 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
    private const int TraceParentLength = 55;

    private readonly string _beforeSpan;
    private readonly string _afterSpan;

    /// <param name="peer">The client's address; null if it is not known.</param>
    /// <param name="trace">What <see cref="TraceOf"/> gave; null for a trace that begins here.</param>
    public ForwardedFields(string? peer, string? trace)
    {
        trace ??= TraceOf(null);
        _beforeSpan = string.Concat(TraceVersion, trace.AsSpan(0, trace.Length - 2));
        _afterSpan = trace[^3..];
        ForwardedFor = peer;
        // RFC 7239, section 6: an IPv6 address stands in brackets, and what has colons in quotes.
        Forwarded = peer is null ? null : peer.Contains(':', StringComparison.Ordinal) ? $"for=\"[{peer}]\"" : $"for={peer}";
    }

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
        ActivityContext.TryParse(ToKnownVersion(traceParent), null, out var context)
            ? $"{context.TraceId}-{(int)context.TraceFlags:x2}"
            // Sampled, because an API that would record its calls by itself must not stop to.
            : $"{ActivityTraceId.CreateRandom()}-{(int)ActivityTraceFlags.Recorded:x2}";

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

    /// <summary>A value of <c>traceparent</c> with a span of its own.</summary>
    public string NewTraceParent() => string.Create(
        CultureInfo.InvariantCulture, $"{_beforeSpan}{Random.Shared.NextInt64(1, long.MaxValue):x16}{_afterSpan}");
}
