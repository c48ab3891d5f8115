using System.Globalization;
using System.Runtime.CompilerServices;
using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Quotas;

namespace Batching.Engine.Upstreams;

/// <summary>
/// Reads the answers of the APIs, and refuses those that are too large. Thread-safe. What is larger than the first buffer, of
/// which there are no more than places at the APIs, is charged to the owner of the call before it is in memory.
/// </summary>
/// <param name="options">The limit, and which header fields are kept.</param>
/// <param name="budget">What all answers may take together.</param>
/// <param name="time">Tells how long an API asks to wait.</param>
internal sealed class ReplyReader(BatchEngineOptions options, OwnerByteBudget budget, TimeProvider time)
{
    private const int FirstBufferSize = 16 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);

    // Answers that grow while they hold some could wait for each other for ever. One of them may go beyond the budget.
    private bool _isBeyond;

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

        var lease = budget.Open(call.Owner);
        try
        {
            // Outside of what gives the buffer back when it fails: nobody may give it back twice.
            await using var stream = response.Content.ReadAsStream(cancellationToken);
            if (announced > FirstBufferSize)
            {
                await lease.ReserveAsync(announced.Value, Timeout.InfiniteTimeSpan, cancellationToken);
            }

            return await ReadAsync(response, stream, announced, lease, cancellationToken);
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<UpstreamReply> ReadAsync(
        HttpResponseMessage response, Stream stream, long? announced, ByteLease lease, CancellationToken cancellationToken)
    {
        var buffer = StartWithHeaders(response, announced, out var headersLength);
        var length = headersLength;
        var isBeyond = false;
        try
        {
            while (announced is null || length - headersLength < announced)
            {
                if (length == buffer.Length)
                {
                    isBeyond = await ReserveAsync(lease, 2 * buffer.Length, isBeyond, cancellationToken);
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
                    lease.Dispose();
                    return TooLarge();
                }
            }
        }
        catch
        {
            BodyBuffers.Return(buffer);
            throw;
        }
        finally
        {
            if (isBeyond)
            {
                Volatile.Write(ref _isBeyond, false);
            }
        }

        return UpstreamReply.FromApi(
            (int)response.StatusCode, buffer, headersLength, length, ReadRetryAfter(response), lease);
    }

    // Returns whether it is the one that may go beyond the budget.
    private async ValueTask<bool> ReserveAsync(ByteLease lease, int size, bool isBeyond, CancellationToken cancellationToken)
    {
        var more = Math.Max(0, size - lease.Held);
        while (!isBeyond && !await lease.ReserveAsync(more, Patience, cancellationToken))
        {
            isBeyond = !Interlocked.Exchange(ref _isBeyond, true);
        }

        if (isBeyond)
        {
            lease.ReserveAnyway(more);
        }

        return isBeyond;
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
