using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace Batching.Engine.Upstreams;

/// <summary>Finds the end of an answer's body (RFC 9112, section 6.3).</summary>
internal static class ReplyFraming
{
    private const string ContentLength = "Content-Length";
    private const string TransferEncoding = "Transfer-Encoding";

    /// <summary>Finds the length of the body.</summary>
    /// <param name="method">What was asked.</param>
    /// <param name="response">The answer, whose body is not read yet.</param>
    /// <param name="length">
    /// As announced, <see cref="long.MaxValue"/> for more than that; null if the end of the body shows itself.
    /// </param>
    /// <returns>
    /// False if the answer says two things, or nothing that can be understood: where it ends nobody knows then, and waiting for
    /// more of it would only last.
    /// </returns>
    public static bool TryFindLength(HttpMethod method, HttpResponseMessage response, out long? length)
    {
        length = 0;
        switch (response.StatusCode)
        {
            // Nobody has asked for another protocol.
            case HttpStatusCode.SwitchingProtocols:
                return false;
            case HttpStatusCode.NoContent or HttpStatusCode.NotModified:
            case var _ when method == HttpMethod.Head:
                // They tell of a body that does not come.
                return true;
        }

        length = null;
        var isChunked = false;
        if (response.Headers.NonValidated.TryGetValues(TransferEncoding, out var codings)
            && !TryReadCodings(codings, out isChunked))
        {
            return false;
        }

        if (!response.Content.Headers.NonValidated.TryGetValues(ContentLength, out var lengths))
        {
            return true;
        }

        // With both, somebody between the API and the gateway may have read it the other way.
        return !isChunked && TryReadLength(lengths, out length);
    }

    // Only what the gateway has said it takes, which is no compression (section 7.4). "identity" is of RFC 2616.
    private static bool TryReadCodings(HeaderStringValues values, out bool isChunked)
    {
        var text = values.ToString();
        isChunked = text.Equals("chunked", StringComparison.OrdinalIgnoreCase);
        return isChunked || text.Equals("identity", StringComparison.OrdinalIgnoreCase);
    }

    // The same length twice is still one (RFC 9110, section 8.6).
    private static bool TryReadLength(HeaderStringValues values, out long? length)
    {
        length = null;
        foreach (var value in values)
        {
            foreach (var range in value.AsSpan().Split(','))
            {
                var digits = value.AsSpan(range).Trim(" \t");
                if (digits.IsEmpty || digits.ContainsAnyExceptInRange('0', '9'))
                {
                    return false;
                }

                var read = long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                    ? number
                    : long.MaxValue;
                if (length is { } other && other != read)
                {
                    return false;
                }

                length = read;
            }
        }

        return true;
    }
}
