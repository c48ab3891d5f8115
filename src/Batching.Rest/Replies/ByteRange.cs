using Batching.Rest.Calls;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Batching.Rest.Replies;

/// <summary>The part of something that a call asks for (RFC 9110, section 14).</summary>
internal static class ByteRange
{
    /// <summary>
    /// Finds where to begin, and where to end, and says so in the head of the reply. Anything but one range of bytes is answered
    /// with all of it, as the RFC allows.
    /// </summary>
    /// <param name="context">The call.</param>
    /// <param name="length">Bytes that there are.</param>
    /// <param name="entityTag">Stands for them.</param>
    /// <exception cref="RefusedCallException">The part that is asked for is not there: 416.</exception>
    public static (long From, long To) Find(HttpContext context, long length, EntityTagHeaderValue entityTag)
    {
        var headers = context.Request.Headers;
        if (!HttpMethods.IsGet(context.Request.Method)
            || !RangeHeaderValue.TryParse(headers.Range.ToString(), out var ranges)
            || !ranges.Unit.Equals("bytes", StringComparison.OrdinalIgnoreCase)
            || ranges.Ranges.Count != 1
            || (headers.IfRange.Count > 0 && headers.IfRange != entityTag.ToString()))
        {
            return (0, length);
        }

        // Without a beginning, the end is how many of the last bytes are meant.
        var range = ranges.Ranges.First();
        var from = range.From ?? Math.Max(0, length - range.To!.Value);
        var to = range.From is null ? length : Math.Min(length - 1, range.To ?? long.MaxValue) + 1;
        if (from >= to)
        {
            context.Response.Headers.ContentRange = new ContentRangeHeaderValue(length).ToString();
            throw new RefusedCallException(CallError.Of(
                CallErrorKinds.BadRange,
                $"Range: the body has {length} bytes."));
        }

        context.Response.StatusCode = StatusCodes.Status206PartialContent;
        context.Response.Headers.ContentRange = new ContentRangeHeaderValue(from, to - 1, length).ToString();
        return (from, to);
    }
}
