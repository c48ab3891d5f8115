using System.ComponentModel.DataAnnotations;

namespace Batching.Engine;

/// <summary>What callers may ask for, and what the gateway holds in memory.</summary>
public sealed class LimitOptions
{
    /// <summary>Requests in one batch, 1 to 1,000,000; default 10,000.</summary>
    [Range(1, 1_000_000)]
    public int RequestsPerBatch { get; set; } = 10_000;

    /// <summary>
    /// Bytes of one submission, decompressed: the body of a REST call or a gRPC message. 1 KiB to 1 GiB; default 32 MiB.
    /// </summary>
    [Range(1024, 1 << 30)]
    public int SubmissionBytes { get; set; } = 32 * 1024 * 1024;

    /// <summary>
    /// Memory of one submission, or of one message of an upload, as estimated before it is decoded: a request takes some
    /// 400 bytes and twice its text, a header field or a param some 200. 1 MiB to 64 GiB; default 256 MiB.
    /// </summary>
    [Range(typeof(long), "1048576", "68719476736")]
    public long DecodedBytes { get; set; } = 256L * 1024 * 1024;

    /// <summary>Requests in one upload, 1 to 10,000,000; default 1,000,000.</summary>
    [Range(1, 10_000_000)]
    public int RequestsPerUpload { get; set; } = 1_000_000;

    /// <summary>Bytes of all requests of one upload, 1 KiB to 64 GiB; default 1 GiB.</summary>
    [Range(1024L, 64L << 30)]
    public long UploadBytes { get; set; } = 1L << 30;

    /// <summary>
    /// How long an upload waits for its next message; one that takes longer is cut. 1 s to 1 h; default 1 min.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan UploadIdleTime { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long an upload may take in all; one that takes longer is cut. 1 s to 1 day; default 1 h.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan UploadTime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Characters of a request's path with its query and params, 16 to 65,536; default 8,192.</summary>
    [Range(16, 65_536)]
    public int PathLength { get; set; } = 8_192;

    /// <summary>Levels of JSON in one submission, 8 to 1,000; default 100.</summary>
    [Range(8, 1_000)]
    public int JsonDepth { get; set; } = 100;

    /// <summary>Levels of a request's params, 1 to 24; default 16.</summary>
    [Range(1, 24)]
    public int ParamsDepth { get; set; } = 16;

    /// <summary>Bytes of the URL that the gateway is called at, query included, 1 to 64 KiB; default 16 KiB.</summary>
    [Range(1024, 65_536)]
    public int UrlLength { get; set; } = 16 * 1024;

    /// <summary>Header fields that one request may set, 0 to 1,000; default 64.</summary>
    [Range(0, 1_000)]
    public int HeadersPerRequest { get; set; } = 64;

    /// <summary>Characters over all header fields of one request, 0 to 1 MiB; default 16,384.</summary>
    [Range(0, 1 << 20)]
    public int HeaderLength { get; set; } = 16_384;

    /// <summary>Bytes of one response body, 1 to 1 GiB; default 10 MiB.</summary>
    [Range(1, 1 << 30)]
    public int ResponseBytes { get; set; } = 10 * 1024 * 1024;

    /// <summary>
    /// Bytes of one response's header, rounded up to whole KiB, 1 KiB to 1 MiB; default 64 KiB. An answer with a larger one
    /// is not kept.
    /// </summary>
    [Range(1024, 1 << 20)]
    public int ResponseHeaderBytes { get; set; } = 64 * 1024;

    /// <summary>
    /// Bytes of one message that the gateway sends, everything counted; what does not fit is left out, and the message says
    /// so. gRPC clients accept 4 MiB unless they are told otherwise. REST replies with a JSON of their own are no such
    /// messages. 64 KiB to 1 GiB, at least eight times <see cref="PathLength"/>; default 4,161,536, 32 KiB below 4 MiB.
    /// </summary>
    [Range(64 * 1024, 1 << 30)]
    public int MessageBytes { get; set; } = (4 * 1024 * 1024) - (32 * 1024);

    /// <summary>
    /// Bytes of response data in one page of results; a page holds at least one result. 1 to 64 MiB; default 2 MiB.
    /// </summary>
    [Range(1, 64 << 20)]
    public int PageBytes { get; set; } = 2 * 1024 * 1024;

    /// <summary>Results in one page, 1 to 100,000; default 10,000.</summary>
    [Range(1, 100_000)]
    public int PageResults { get; set; } = 10_000;

    /// <summary>
    /// How long a page of a batch that is done waits while its last results are on their way to another call: an empty page
    /// would say that there are none left. Then it is UNAVAILABLE. 0 s to 10 min; default 20 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan PageWait { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Ids in one <c>request_ids</c>, 1 to 10,000; default 100.</summary>
    [Range(1, 10_000)]
    public int RequestIds { get; set; } = 100;

    /// <summary>
    /// Bytes of response body that one call may fetch by <c>request_ids</c>. 1 to 1 GiB; default 64 MiB.
    /// </summary>
    [Range(1, 1 << 30)]
    public int FetchByIdBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>
    /// Requests of a batch whose status one call may ask for in detail without naming them. 1 to 1,000,000; default
    /// 100,000.
    /// </summary>
    [Range(1, 1_000_000)]
    public int DetailedRequests { get; set; } = 100_000;

    /// <summary>Batches in one page of a list, 1 to 10,000; default 1,000.</summary>
    [Range(1, 10_000)]
    public int ListedBatches { get; set; } = 1_000;

    /// <summary>Pages of one spawner, 1 to 1,000,000; default 10,000.</summary>
    [Range(1, 1_000_000)]
    public int PagesPerSpawner { get; set; } = 10_000;

    /// <summary>
    /// Pages over all spawners of one batch, shared out evenly among them where that is less than
    /// <see cref="PagesPerSpawner"/> for each. 1 to 10,000,000; default 1,000,000.
    /// </summary>
    [Range(1, 10_000_000)]
    public int SpawnedRequestsPerBatch { get; set; } = 1_000_000;

    /// <summary>
    /// How long a request may take to arrive, from its head to the end of its body. 1 s to 1 h; default 5 min.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan SubmissionTime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Bytes of request bodies that are on their way at the same time; at the limit further ones are refused as
    /// RESOURCE_EXHAUSTED, and may be tried again. One that is larger alone is refused for good. 1 MiB to 16 GiB;
    /// default 256 MiB.
    /// </summary>
    [Range(typeof(long), "1048576", "17179869184")]
    public long ReceivingBytes { get; set; } = 256L * 1024 * 1024;

    /// <summary>
    /// How long the reader of a reply or a stream may take nothing of what is ready for it before it is cut off; what it
    /// has not received is handed out again. It has to take 64 KiB in that time, or what there is. A stream that has
    /// nothing to send may be silent for as long as it likes. 1 s to 1 h; default 1 min.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan ReaderStall { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Bytes of waiting requests held in memory, shared out evenly among the upstreams. 1 MiB to 1 GiB; default 64 MiB.
    /// </summary>
    [Range(1 << 20, 1 << 30)]
    public int WaitingBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>Bytes of results held in memory until they are stored, 1 MiB to 1 GiB; default 64 MiB.</summary>
    [Range(1 << 20, 1 << 30)]
    public int UncommittedBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>Bytes of stored results kept in memory for readers, 1 MiB to 1 GiB; default 32 MiB.</summary>
    [Range(1 << 20, 1 << 30)]
    public int ResultCacheBytes { get; set; } = 32 * 1024 * 1024;

    /// <summary>Bytes of stored requests kept in memory for readers, 1 MiB to 1 GiB; default 32 MiB.</summary>
    [Range(1 << 20, 1 << 30)]
    public int RequestCacheBytes { get; set; } = 32 * 1024 * 1024;
}
