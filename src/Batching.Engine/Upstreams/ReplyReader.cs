using System.Globalization;
using System.Runtime.CompilerServices;

namespace Batching.Engine.Upstreams;

/// <summary>Reads the answers of the APIs, and refuses those that are too large. Thread-safe.</summary>
/// <param name="options">The limit, and which header fields are kept.</param>
/// <param name="time">Tells how long an API asks to wait.</param>
internal sealed class ReplyReader(BatchEngineOptions options, TimeProvider time)
{
    private const int FirstBufferSize = 16 * 1024;

    /// <summary>Reads an answer to its end.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<UpstreamReply> ReadAsync(
        UpstreamCall call, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (!ReplyFraming.TryFindLength(call.Method, response, out var announced))
        {
            return UpstreamReply.FromFailure(
                Failure.UpstreamReset, "The answer of the API contradicts itself about where its body ends.");
        }

        if (announced > options.Limits.ResponseBytes)
        {
            return TooLarge();
        }

        // Outside of what gives the buffer back when it fails: nobody may give it back twice.
        await using var stream = response.Content.ReadAsStream(cancellationToken);
        var buffer = StartWithHeaders(response, announced, out var headersLength);
        var length = headersLength;
        try
        {
            while (announced is null || length - headersLength < announced)
            {
                if (length == buffer.Length)
                {
                    buffer = Grow(buffer);
                }

                var read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
                if (read == 0)
                {
                    break;
                }

                length += read;
                if (length - headersLength > options.Limits.ResponseBytes)
                {
                    BodyBuffers.Return(buffer);
                    return TooLarge();
                }
            }
        }
        catch
        {
            BodyBuffers.Return(buffer);
            throw;
        }

        return UpstreamReply.FromApi((int)response.StatusCode, buffer, headersLength, length, ReadRetryAfter(response));
    }

    // The body comes behind the header fields, as it is stored.
    private byte[] StartWithHeaders(HttpResponseMessage response, long? announced, out int length)
    {
        var headers = ResponseHeaders.Encode(response, options.Headers.SetCookie);
        length = headers.Length;
        var buffer = BodyBuffers.Rent(length + ((int?)announced + 1 ?? FirstBufferSize));
        headers.CopyTo(buffer);
        return buffer;
    }

    private UpstreamReply TooLarge() => UpstreamReply.FromFailure(
        Failure.ResponseTooLarge,
        string.Create(
            CultureInfo.InvariantCulture, $"The answer of the API is larger than {options.Limits.ResponseBytes} bytes."));

    private static byte[] Grow(byte[] buffer)
    {
        var larger = BodyBuffers.Rent(buffer.Length * 2);
        buffer.CopyTo(larger, 0);
        BodyBuffers.Return(buffer);
        return larger;
    }

    private TimeSpan? ReadRetryAfter(HttpResponseMessage response) =>
        (int)response.StatusCode is 429 or 503 ? RetryAfter.Read(response, time.GetUtcNow()) : null;
}
