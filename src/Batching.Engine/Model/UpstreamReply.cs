using Batching.Engine.Content;

namespace Batching.Engine.Model;

/// <summary>The outcome of a call: the API's answer, or the gateway's in its place. Holds a pooled buffer: dispose it when the bytes are copied.</summary>
public sealed class UpstreamReply : IDisposable
{
    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly int _headersLength;
    private byte[]? _pooled;
    private IDisposable? _lease;
    private IDisposable? _sharedBuffer;
    private SharedResource? _bufferHolders;
    private SharedResource? _leaseHolders;

    private UpstreamReply(int statusCode, Failure failure, ReadOnlyMemory<byte> bytes, int headersLength = 0)
    {
        StatusCode = statusCode;
        Failure = failure;
        _bytes = bytes;
        _headersLength = headersLength;
        Size = failure == Failure.None ? bytes.Length - headersLength : 0;
    }

    /// <summary>The status code of the API, or the one the gateway answers in its place.</summary>
    public int StatusCode { get; }

    /// <summary>The reason why the API has not answered.</summary>
    public Failure Failure { get; }

    /// <summary>Whether the API has answered with a status 2xx.</summary>
    public bool IsSuccess => Failure == Failure.None && StatusCode is >= 200 and <= 299;

    /// <summary>Encoded by <see cref="ResponseHeaders"/>.</summary>
    public ReadOnlyMemory<byte> Headers => _bytes[.._headersLength];

    /// <summary>The API's body, or the message of a failure in UTF-8.</summary>
    public ReadOnlyMemory<byte> Body => _bytes[_headersLength..];

    /// <summary>Bytes of the API's body; 0 for a failure.</summary>
    public long Size { get; private init; }

    /// <summary>The time that the API asks to wait before another attempt (RFC 9110, section 10.2.3).</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>An answer of the API.</summary>
    /// <param name="statusCode">As the API sent it.</param>
    /// <param name="pooled">
    /// A buffer from <see cref="BodyBuffers"/>, which this reply gives back: the header fields, encoded by
    /// <see cref="ResponseHeaders"/>, and behind them the body.
    /// </param>
    /// <param name="headersLength">Bytes of header fields.</param>
    /// <param name="length">Bytes of both.</param>
    /// <param name="retryAfter">What the API's <c>Retry-After</c> comes to.</param>
    /// <param name="lease">What the buffer holds of the budget for answers; null for nothing.</param>
    public static UpstreamReply FromApi(
        int statusCode,
        byte[] pooled,
        int headersLength,
        int length,
        TimeSpan? retryAfter = null,
        IDisposable? lease = null) =>
        new(statusCode, Failure.None, pooled.AsMemory(0, length), headersLength)
        {
            _pooled = pooled,
            _lease = lease,
            RetryAfter = retryAfter,
        };

    /// <summary>An answer of the gateway in the API's place. Of the message, which is stored, 1,000 characters are kept.</summary>
    public static UpstreamReply FromFailure(Failure failure, string message) => new(
        failure.StatusCode(),
        failure,
        System.Text.Encoding.UTF8.GetBytes(CallerText.Shorten(message, CallerText.MaxMessageLength)));

    /// <summary>The same with the message that belongs to the failure, which needn't be stored.</summary>
    public static UpstreamReply FromFailure(Failure failure) => new(failure.StatusCode(), failure, default);

    /// <summary>
    /// The answer to a spawner whose first page exists. Its size is a habit of the API that clients know it from: two
    /// bytes, though there is no body.
    /// </summary>
    public static UpstreamReply FromSpawner() => new(200, Failure.None, default) { Size = 2 };

    /// <summary>
    /// The same outcome for somebody else. Its bytes are in memory once, and held of the budget for answers until all have handed
    /// over theirs. Only for who has the only one so far, and has not given it to anybody.
    /// </summary>
    /// <returns>To be disposed like this one, in whatever order.</returns>
    public UpstreamReply Share()
    {
        if (_pooled is { } pooled)
        {
            _pooled = null;
            _bufferHolders = new SharedResource(new PooledBuffer(pooled));
            _sharedBuffer = _bufferHolders.Hold();
        }

        if (_leaseHolders is null && _lease is { } lease)
        {
            _leaseHolders = new SharedResource(lease);
            _lease = _leaseHolders.Hold();
        }

        return new UpstreamReply(StatusCode, Failure, _bytes, _headersLength)
        {
            Size = Size,
            RetryAfter = RetryAfter,
            _sharedBuffer = _bufferHolders?.Hold(),
            _lease = _leaseHolders?.Hold(),
        };
    }

    /// <summary>Gives back what is held of the budget for answers: another one counts the bytes from now on.</summary>
    public void HandOver() => Interlocked.Exchange(ref _lease, null)?.Dispose();

    /// <summary>Gives the buffer back.</summary>
    public void Dispose()
    {
        HandOver();
        if (Interlocked.Exchange(ref _pooled, null) is { Length: > 0 } pooled)
        {
            BodyBuffers.Return(pooled);
        }

        Interlocked.Exchange(ref _sharedBuffer, null)?.Dispose();
    }

    private sealed class PooledBuffer(byte[] buffer) : IDisposable
    {
        public void Dispose()
        {
            if (buffer.Length > 0)
            {
                BodyBuffers.Return(buffer);
            }
        }
    }
}
