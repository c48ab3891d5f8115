namespace Batching.Client;

/// <summary>Settings of a <see cref="BatchClient"/>.</summary>
public sealed class BatchClientOptions
{
    /// <summary>The address of the gateway, such as <c>http://localhost:8080</c>. That is the default.</summary>
    public Uri Address { get; set; } = new("http://localhost:8080");

    /// <summary>
    /// The caller's credential: sent as <c>Authorization: Bearer …</c>, or as it is if it names its scheme, as in
    /// <c>Basic dXNlcjpwYXNz</c>. The gateway hands it on to the API, and the batch belongs to whoever has it. None by default.
    /// </summary>
    public string? Token { get; set; }

    /// <summary>
    /// Requests that one message of a submission has at most. A submission that fits into one message is made by
    /// <c>CreateBatch</c>, any larger one by <c>UploadBatch</c>. 1 to 10,000; 1,000 by default.
    /// </summary>
    public int RequestsPerMessage { get; set; } = 1_000;

    /// <summary>
    /// Bytes that one message of a submission has at most, unless a single request is larger. The gateway takes 32 MiB unless it
    /// is configured otherwise. 1 KiB to 1 GiB; 1 MiB by default.
    /// </summary>
    public int BytesPerMessage { get; set; } = 1024 * 1024;

    /// <summary>
    /// Longest time that a call goes on trying, from its first failure, or from the last thing that it received. After that the
    /// failure is thrown. <see cref="TimeSpan.Zero"/> tries once. 2 min by default.
    /// </summary>
    public TimeSpan RetryTime { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>
    /// Time until the first retry. It doubles with each further one, up to <see cref="MaxRetryDelay"/>, and a random part of up to a
    /// half is taken off. 200 ms by default. If the gateway says how long to wait, it is that long at least.
    /// </summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Longest time between two retries, unless the gateway asks for more. 10 s by default.</summary>
    public TimeSpan MaxRetryDelay { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Longest time that a call with a short answer may take: status, list, cancel and delete. It is then made again. Submissions,
    /// results, bodies and keyed batches have no limit but that of the caller. 30 s by default.
    /// </summary>
    public TimeSpan CallTime { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Time between two looks at the progress, for <see cref="ReadOptions.Progress"/> and <see cref="BatchHandle.WaitAsync"/>. 1 s by
    /// default.
    /// </summary>
    public TimeSpan ProgressInterval { get; set; } = TimeSpan.FromSeconds(1);

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Address, $"{nameof(BatchClientOptions)}.{nameof(Address)}");
        ThrowUnless(Address is { IsAbsoluteUri: true, Scheme: "http" or "https" }, nameof(Address), "an absolute URL, http or https");
        ThrowUnless(RequestsPerMessage is >= 1 and <= 10_000, nameof(RequestsPerMessage), "1 to 10,000");
        ThrowUnless(BytesPerMessage is >= 1024 and <= 1 << 30, nameof(BytesPerMessage), "1 KiB to 1 GiB");
        ThrowUnless(RetryTime >= TimeSpan.Zero, nameof(RetryTime), "0 s or more");
        ThrowUnless(RetryDelay > TimeSpan.Zero, nameof(RetryDelay), "more than 0 s");
        ThrowUnless(MaxRetryDelay >= RetryDelay, nameof(MaxRetryDelay), $"as long as {nameof(RetryDelay)} at least");
        ThrowUnless(CallTime > TimeSpan.Zero, nameof(CallTime), "more than 0 s");
        ThrowUnless(ProgressInterval > TimeSpan.Zero, nameof(ProgressInterval), "more than 0 s");
    }

    private static void ThrowUnless(bool isGood, string name, string bounds)
    {
        if (!isGood)
        {
            throw new ArgumentException($"{nameof(BatchClientOptions)}.{name} must be {bounds}.");
        }
    }
}
