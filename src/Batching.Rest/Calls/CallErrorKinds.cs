using Batching.Engine.Configuration;
using Grpc.Core;
using static Batching.Rest.Calls.CallRepeat;

namespace Batching.Rest.Calls;

/// <summary>
/// All kinds of errors that calls can end with. The service answers with them, and <c>docs/errors.md</c> is made of them.
/// </summary>
internal static class CallErrorKinds
{
    public static CallErrorKind Invalid { get; } = new(
        400, StatusCode.InvalidArgument, CallForms.All, No,
        "Something of the call is wrong: a field, the body, a query parameter. Of a submission nothing is stored.",
        "Mend what `message` and the details name. They name all problems at once, as far as there is room.");

    public static CallErrorKind NotThere { get; } = new(
        400, StatusCode.FailedPrecondition, CallForms.All, No,
        "A body is asked for that is not there: the request has no result yet, or the batch has expired.",
        "Wait until the request is done. If the batch has expired, the body is gone.");

    public static CallErrorKind Sealed { get; } = new(
        400, StatusCode.FailedPrecondition, CallForms.All, No,
        "Requests are to be appended to a batch that takes none: it was not submitted as open, or is sealed, cancelled or over. ErrorInfo "
        + $"has the reason `BATCH_SEALED`. A batch is sealed by itself after {Limit(nameof(LimitOptions.OpenBatchIdle))}.",
        "Submit the requests as another batch.");

    public static CallErrorKind ForeignHost { get; } = new(
        400, StatusCode.InvalidArgument, CallForms.All, No,
        "The gateway was called by a name that it does not go by (`Host`, over HTTP/2 `:authority`).",
        "Call it by a name that `AllowedHosts` lists, or let its operator list this one.");

    public static CallErrorKind BadRequest { get; } = new(
        400, StatusCode.InvalidArgument, CallForms.Rest, No,
        "What came is not valid HTTP, for example a body whose chunks are broken.",
        "Look at the client, and at the proxies in between.");

    public static CallErrorKind Unauthenticated { get; } = new(
        401, StatusCode.Unauthenticated, CallForms.All, No,
        "The gateway wants a credential, does not know the one that came, or got two. `WWW-Authenticate` says what it takes.",
        "Renew the credential, and call again with it.");

    public static CallErrorKind ForeignPage { get; } = new(
        403, StatusCode.PermissionDenied, CallForms.All, No,
        "The call changes something and comes from a web page of another origin.",
        "Let the operator list the origin of the page: see [web pages](security.md#web-pages).");

    public static CallErrorKind NotFound { get; } = new(
        404, StatusCode.NotFound, CallForms.All, No,
        "There is no such batch, or no such request in it. A batch of somebody else gets the same answer.",
        "Look at the id, and at the credential: another credential is another owner. A batch is deleted 24 h after it was "
        + "accepted, unless configured otherwise.");

    public static CallErrorKind NoPath { get; } = new(
        404, StatusCode.NotFound, CallForms.Rest, No,
        "There is nothing at this path.",
        "Look at the path. [Paths](paths.md) has all of them.");

    public static CallErrorKind NoMethod { get; } = new(
        405, StatusCode.Unimplemented, CallForms.Rest, No,
        "The path does not know this method. `Allow` lists those that it knows.",
        "Use one of those.");

    public static CallErrorKind BodyLate { get; } = new(
        408, StatusCode.InvalidArgument, CallForms.Rest, Yes,
        $"The body did not arrive in time, or nothing of it came for a while ({Limit(nameof(LimitOptions.SubmissionTime))}, "
        + $"{Limit(nameof(LimitOptions.SenderStall))}). Nothing was changed.",
        "Send it again, in smaller parts if the line is slow. Over gRPC this is `DEADLINE_EXCEEDED`.");

    public static CallErrorKind Deleted { get; } = new(
        409, StatusCode.Aborted, CallForms.All, No,
        "The batch was deleted while its results, or a body of it, were being streamed. A REST stream has begun with status "
        + "200 then: it ends with this error as its last record, and without the record `end`.",
        "Stop. What was not read is gone.");

    public static CallErrorKind KeyReused { get; } = new(
        409, StatusCode.Aborted, CallForms.All, No,
        "The `Idempotency-Key` of a submission was used before, for a batch with other content. ErrorInfo has the reason "
        + "`IDEMPOTENCY_KEY_REUSED`.",
        "Use a new key for a new batch.");

    public static CallErrorKind WrongOffset { get; } = new(
        409, StatusCode.Aborted, CallForms.All, No,
        "The `offset` of an append is not where the batch ends, and it is not the last append made again. ErrorInfo has the reason "
        + "`APPEND_OFFSET`, and `expected_offset`.",
        "Look which requests the batch has, and append those that it lacks at the offset that is named.");

    public static CallErrorKind TooLarge { get; } = new(
        413, StatusCode.ResourceExhausted, CallForms.All, No,
        "The body, or the message, is larger than the limit, or would take too much memory "
        + $"({Limit(nameof(LimitOptions.SubmissionBytes))}, {Limit(nameof(LimitOptions.DecodedBytes))}, "
        + $"{Limit(nameof(LimitOptions.ReceivingBytesPerOwner))}). Over gRPC it has no `RetryInfo`.",
        "Send several smaller batches, or use `UploadBatch`.");

    public static CallErrorKind UrlTooLong { get; } = new(
        414, StatusCode.InvalidArgument, CallForms.Rest, No,
        $"The URL is longer than {Limit(nameof(LimitOptions.UrlLength))}. If it is more than twice as long, the answer has no body.",
        "Send what is long in a body. Ask for fewer `request_ids` at once.");

    public static CallErrorKind UnsupportedMediaType { get; } = new(
        415, StatusCode.InvalidArgument, CallForms.Rest, No,
        "The body is compressed with something else than `gzip`, `deflate` or `br`; or, over v1, its type is not "
        + "`application/json` in UTF-8.",
        "Send it as one of those. `Accept-Encoding` of the answer lists the encodings.");

    public static CallErrorKind BadRange { get; } = new(
        416, StatusCode.OutOfRange, CallForms.Rest, No,
        "The `Range` has nothing of the body in it. `Content-Range` says how long the body is.",
        "If you have as many bytes as that, you have all of it.");

    public static CallErrorKind Exhausted { get; } = new(
        429, StatusCode.ResourceExhausted, CallForms.All, AfterRetryInfo,
        "A [quota](operations.md#quotas) of the owner is used up, or a share of the memory. `message` names it.",
        "Wait for the time that is named. Stream results instead of polling, and submit more requests in one batch.");

    public static CallErrorKind Broken { get; } = new(
        500, StatusCode.Internal, CallForms.Grpc, No,
        "A message can't be decoded: it is no protobuf, or not compressed as it says.",
        "Look at the client: its stubs, and what it does to messages.");

    public static CallErrorKind Unknown { get; } = new(
        500, StatusCode.Unknown, CallForms.All, IfReading,
        "A fault of the gateway. Its log has it.",
        "Tell the operator the time and the call.");

    public static CallErrorKind RestOnly { get; } = new(
        501, StatusCode.Unimplemented, CallForms.Grpc, No,
        "There is no such RPC, or it is for REST only. `message` names the service to call.",
        "Call that service. Look whether the gateway is older than the client's stubs.");

    public static CallErrorKind Unavailable { get; } = new(
        503, StatusCode.Unavailable, CallForms.All, AfterRetryInfo,
        "The gateway can't store anything at the moment (its disk is full, for example), or is stopping; or the last results "
        + "of the batch are on their way to another call.",
        "Wait for the time that is named. After a restart the batches go on by themselves.");

    public static CallErrorKind Late { get; } = new(
        504, StatusCode.DeadlineExceeded, CallForms.All, IfReading,
        "The deadline of the call has passed (`grpc-timeout`). Over gRPC also an upload that pauses or takes too long.",
        "Give it more time. Make a submission that ended like this again with the same `Idempotency-Key`; without one, look whether the batch is in the list first.");

    /// <summary>All kinds, in the order of their status.</summary>
    public static IReadOnlyList<CallErrorKind> All { get; } =
    [
        Invalid, NotThere, Sealed, ForeignHost, BadRequest, Unauthenticated, ForeignPage, NotFound, NoPath, NoMethod, BodyLate, Deleted,
        KeyReused, WrongOffset, TooLarge, UrlTooLong, UnsupportedMediaType, BadRange, Exhausted, Broken, Unknown, RestOnly, Unavailable, Late,
    ];

    private static string Limit(string name) => $"`{OptionKey.Of<LimitOptions>(name)}`";
}
