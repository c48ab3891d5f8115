using System.ComponentModel.DataAnnotations;

namespace Batching.Engine.Configuration;

/// <summary>Limits of what callers may ask for, and of what the gateway holds in memory.</summary>
/// <remarks>Longer than other files: it has every limit, with its meaning beside it.</remarks>
public sealed class LimitOptions
{
    /// <summary>Requests in one batch.</summary>
    [Range(1, 1_000_000)]
    public int RequestsPerBatch { get; set; } = 10_000;

    /// <summary>Bytes of one submission after decompression: the body of a REST call, or one gRPC message.</summary>
    [Range(1024, 1 << 30)]
    public int SubmissionBytes { get; set; } = 32 * 1024 * 1024;

    /// <summary>
    /// Bytes of memory that one submission, or one message of an upload, may need. The gateway estimates them before it
    /// decodes anything: about 400 bytes and twice its text for a request, about 200 bytes for a header field or a param.
    /// </summary>
    [Range(typeof(long), "1048576", "68719476736")]
    public long DecodedBytes { get; set; } = 96L * 1024 * 1024;

    /// <summary>
    /// Bytes of memory for all calls that are being answered, estimated as for <see cref="DecodedBytes"/>. Beyond it the
    /// gateway refuses further calls, with 429 or <c>RESOURCE_EXHAUSTED</c>, until there is room.
    /// </summary>
    [MemoryBudget]
    [Range(typeof(long), "1048576", "68719476736")]
    public long DecodingBytes { get; set; } = 128L * 1024 * 1024;

    /// <summary>
    /// The part of <see cref="DecodingBytes"/> that one owner may use. A larger message is taken while no other call of its
    /// owner is being answered.
    /// </summary>
    [Range(typeof(long), "1048576", "68719476736")]
    public long DecodingBytesPerOwner { get; set; } = 96L * 1024 * 1024;

    /// <summary>
    /// Bodies and messages of more than 64 KiB, decompressed, that are read and checked at the same time, one of each owner.
    /// Others wait for their turn. 0 stands for one less than there are processors, and at least one.
    /// </summary>
    [Range(0, 1_024)]
    public int LargeBodiesAtOnce { get; set; }

    /// <summary>Requests in one upload (<c>UploadBatch</c>).</summary>
    [Range(1, 10_000_000)]
    public int RequestsPerUpload { get; set; } = 1_000_000;

    /// <summary>
    /// Bytes of all requests of one upload, all its messages together. Each message may have <see cref="SubmissionBytes"/>.
    /// </summary>
    [Range(1024L, 64L << 30)]
    public long UploadBytes { get; set; } = 1L << 30;

    /// <summary>Longest time that an upload waits for its next message. One second later it is cut.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan UploadIdleTime { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Longest time that an upload may take in all. One second later it is cut.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan UploadTime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Time for which an open batch waits for requests to be appended. After that it is sealed by itself, about ten seconds later at the
    /// latest. All that is appended to a batch counts for <see cref="RequestsPerUpload"/> and <see cref="UploadBytes"/>.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan OpenBatchIdle { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Characters of the <c>Idempotency-Key</c> of a submission.</summary>
    [Range(1, 1_024)]
    public int IdempotencyKeyLength { get; set; } = 255;

    /// <summary>
    /// Characters of a request's path together with its query and params. A param that is not sent, such as null, counts
    /// with its name. Written as JSON, the params may have four times as many.
    /// </summary>
    [Range(16, 65_536)]
    public int PathLength { get; set; } = 8_192;

    /// <summary>Levels of JSON in one submission.</summary>
    [Range(8, 1_000)]
    public int JsonDepth { get; set; } = 100;

    /// <summary>Levels of JSON in a request's params.</summary>
    [Range(1, 24)]
    public int ParamsDepth { get; set; } = 16;

    /// <summary>Bytes of the URL at which the gateway is called, query included.</summary>
    [Range(1024, 65_536)]
    public int UrlLength { get; set; } = 16 * 1024;

    /// <summary>Header fields that one request may set.</summary>
    [Range(0, 1_000)]
    public int HeadersPerRequest { get; set; } = 64;

    /// <summary>Characters of all header fields that one request sets.</summary>
    [Range(0, 1 << 20)]
    public int HeaderLength { get; set; } = 16_384;

    /// <summary>Bytes of a request's key, in UTF-8.</summary>
    [Range(1, 1024)]
    public int KeyBytes { get; set; } = 200;

    /// <summary>Keys that one request may depend on.</summary>
    [Range(1, 1_000_000)]
    public int DependenciesPerRequest { get; set; } = 10_000;

    /// <summary>Keys that all requests of one batch together may depend on, each counted as often as it is named.</summary>
    [Range(1, 100_000_000)]
    public int DependenciesPerBatch { get; set; } = 1_000_000;

    /// <summary>
    /// Bytes of memory for the dependencies between requests of batches that run: 13 for each request of such a batch, and 4
    /// for each time that one names another. With references 4 more for each request, and 48 for each key. Beyond it the gateway refuses further batches with dependencies, with 429 or
    /// <c>RESOURCE_EXHAUSTED</c>, until others are done.
    /// </summary>
    [MemoryBudget]
    [Range(typeof(long), "1048576", "17179869184")]
    public long DependencyBytes { get; set; } = 32L * 1024 * 1024;

    /// <summary>
    /// The part of <see cref="DependencyBytes"/> that one owner may use. A batch that needs more is taken while its owner has no
    /// other with dependencies.
    /// </summary>
    [Range(typeof(long), "1048576", "17179869184")]
    public long DependencyBytesPerOwner { get; set; } = 16L * 1024 * 1024;

    /// <summary>References to other requests in one request.</summary>
    [Range(1, 10_000)]
    public int ReferencesPerRequest { get; set; } = 100;

    /// <summary>
    /// Requests that one request with <c>for_each</c> makes. They count among <see cref="SpawnedRequestsPerBatch"/>, too.
    /// </summary>
    [Range(1, 1_000_000)]
    public int ItemsPerForEach { get; set; } = 10_000;

    /// <summary>
    /// Bytes of a response body, decoded, that references may read. One body is read at a time. A reference into a larger one ends as
    /// <c>REFERENCE_NOT_FOUND</c>.
    /// </summary>
    [Range(1, 1 << 30)]
    public int ReferencedBodyBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>Bytes of the value of one reference, as JSON. One to a larger value ends as <c>REFERENCE_NOT_FOUND</c>.</summary>
    [Range(1, 1 << 30)]
    public int ReferencedValueBytes { get; set; } = 1024 * 1024;

    /// <summary>
    /// Bytes of the body of a request once its references have their values. A larger one ends as <c>REFERENCE_UNUSABLE</c>. While
    /// the request waits for its turn, they count among <see cref="WaitingBytes"/>.
    /// </summary>
    [Range(1, 1 << 30)]
    public int ResolvedBodyBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>Bytes of one response body.</summary>
    [Range(1, 1 << 30)]
    public int ResponseBytes { get; set; } = 10 * 1024 * 1024;

    /// <summary>Bytes of the header of one response, rounded up to whole KiB. A response with a larger header is not kept.</summary>
    [Range(1024, 1 << 20)]
    public int ResponseHeaderBytes { get; set; } = 64 * 1024;

    /// <summary>
    /// Bytes of one message that the gateway sends over gRPC or v1, everything counted. What does not fit is left out, and
    /// the message says so. gRPC clients accept 4 MiB by default; the default here leaves 32 KiB of that free. At least
    /// eight times <see cref="PathLength"/>.
    /// </summary>
    [Range(64 * 1024, 1 << 30)]
    public int MessageBytes { get; set; } = (4 * 1024 * 1024) - (32 * 1024);

    /// <summary>Bytes of response bodies in one page of results. A page holds at least one result, whatever its size.</summary>
    [Range(1, 64 << 20)]
    public int PageBytes { get; set; } = 2 * 1024 * 1024;

    /// <summary>Results in one page.</summary>
    [Range(1, 100_000)]
    public int PageResults { get; set; } = 10_000;

    /// <summary>
    /// Longest time that a call for a page waits, in two cases: the batch is done and its last results are on their way to
    /// another call, or there is no room in <see cref="ReplyBytes"/>. After that the call fails: with 503 or
    /// <c>UNAVAILABLE</c> in the first case, with 429 or <c>RESOURCE_EXHAUSTED</c> in the second.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan PageWait { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Ids in one <c>request_ids</c>.</summary>
    [Range(1, 10_000)]
    public int RequestIds { get; set; } = 100;

    /// <summary>Bytes of response bodies that one call may fetch by <c>request_ids</c>.</summary>
    [Range(1, 1 << 30)]
    public int FetchByIdBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>Requests of a batch whose status one call may ask for in detail without naming them.</summary>
    [Range(1, 1_000_000)]
    public int DetailedRequests { get; set; } = 100_000;

    /// <summary>Batches in one page of the list. A <c>limit</c> above it counts as this number.</summary>
    [Range(1, 10_000)]
    public int ListedBatches { get; set; } = 1_000;

    /// <summary>Pages of one spawner.</summary>
    [Range(1, 1_000_000)]
    public int PagesPerSpawner { get; set; } = 10_000;

    /// <summary>
    /// Pages of all spawners of one batch together, and elements of all its lists. Each spawner gets an equal part, at least one page and at most
    /// <see cref="PagesPerSpawner"/>.
    /// </summary>
    [Range(1, 10_000_000)]
    public int SpawnedRequestsPerBatch { get; set; } = 1_000_000;

    /// <summary>
    /// Longest time that a request to the gateway may take to arrive, from its head to the end of its body. After that it is
    /// answered with 408 or <c>DEADLINE_EXCEEDED</c>.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan SubmissionTime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Longest time that a client may send nothing in the middle of a request, or in the middle of a message of a stream.
    /// One second later it is answered with 408 or <c>DEADLINE_EXCEEDED</c>. Between two messages of a stream this limit
    /// does not hold.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan SenderStall { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Bytes of request bodies that are arriving, both as they come and decompressed, and of uploads that are not stored
    /// yet. Beyond it the gateway refuses further bodies, with 429 or <c>RESOURCE_EXHAUSTED</c>, until there is room.
    /// </summary>
    [MemoryBudget]
    [Range(typeof(long), "1048576", "17179869184")]
    public long ReceivingBytes { get; set; } = 160L * 1024 * 1024;

    /// <summary>
    /// The part of <see cref="ReceivingBytes"/> that one owner may use. A body that is larger than this is refused for good,
    /// with 413.
    /// </summary>
    [Range(typeof(long), "1048576", "17179869184")]
    public long ReceivingBytesPerOwner { get; set; } = 80L * 1024 * 1024;

    /// <summary>
    /// Bytes of the APIs' answers while the gateway reads them, counting only answers of more than 16 KiB. Beyond it
    /// further answers wait. One answer may go beyond it.
    /// </summary>
    [MemoryBudget]
    [Range(typeof(long), "1048576", "17179869184")]
    public long AnswerBytes { get; set; } = 64L * 1024 * 1024;

    /// <summary>The part of <see cref="AnswerBytes"/> that answers to one owner may use.</summary>
    [Range(typeof(long), "1048576", "17179869184")]
    public long AnswerBytesPerOwner { get; set; } = 32L * 1024 * 1024;

    /// <summary>
    /// Connections at the same time, at each address at which the gateway listens. Further ones are closed at once.
    /// </summary>
    [Range(1, 1_000_000)]
    public int Connections { get; set; } = 10_000;

    /// <summary>
    /// Connections at the same time from one address; for IPv6 from one network of 64 bits. Further ones are closed at once.
    /// Trusted proxies (<c>TrustedProxies</c>, <c>TrustedNetworks</c>) are not counted.
    /// </summary>
    [Range(1, 1_000_000)]
    public int ConnectionsPerAddress { get; set; } = 2_500;

    /// <summary>
    /// Longest time that the reader of a reply or a stream may take nothing while data is ready for it. After that it is cut
    /// off, and what it has not received is handed out again. In that time it has to take 64 KiB, or all there is. A stream
    /// that has nothing to send may be silent for as long as it likes.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan ReaderStall { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Time for which the gateway watches a connection after a reply was written to it. If the connection is reset within
    /// that time, the results of the reply are handed out again.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan ResetWindow { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Bytes a second that the reader of a reply or a stream has to take on average while data is ready for it, measured
    /// over each <see cref="ReaderStall"/> of such time. A slower reader is cut off. 0: any speed will do.
    /// </summary>
    [Range(0, 1 << 20)]
    public int ReaderMinRate { get; set; } = 4096;

    /// <summary>
    /// Bytes of results in replies that are being sent. A reply that can be sent in pieces needs less room than its size. A
    /// page that finds no room waits for <see cref="PageWait"/>, and is then refused with 429 or <c>RESOURCE_EXHAUSTED</c>.
    /// </summary>
    [MemoryBudget]
    [Range(typeof(long), "1048576", "17179869184")]
    public long ReplyBytes { get; set; } = 96L * 1024 * 1024;

    /// <summary>
    /// The part of <see cref="ReplyBytes"/> that replies to one owner may use. A reply that alone needs more is let in when
    /// it is the only one.
    /// </summary>
    [Range(typeof(long), "1048576", "17179869184")]
    public long ReplyBytesPerOwner { get; set; } = 24L * 1024 * 1024;

    /// <summary>Bytes of requests that wait for their turn. Each upstream has an equal part.</summary>
    [MemoryBudget]
    [Range(1 << 20, 1 << 30)]
    public int WaitingBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>Bytes of results that are not stored yet.</summary>
    [MemoryBudget]
    [Range(1 << 20, 1 << 30)]
    public int UncommittedBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>Bytes of stored results that are kept in memory for readers.</summary>
    [MemoryBudget]
    [Range(1 << 20, 1 << 30)]
    public int ResultCacheBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>Bytes of stored requests that are kept in memory for readers.</summary>
    [MemoryBudget]
    [Range(1 << 20, 1 << 30)]
    public int RequestCacheBytes { get; set; } = 8 * 1024 * 1024;
}
