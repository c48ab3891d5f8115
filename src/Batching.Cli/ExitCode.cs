using Batching.Client;
using Batching.V1;
using Grpc.Core;

namespace Batching.Cli;

/// <summary>The exit codes of the process; <c>docs/cli.md</c> has the table.</summary>
internal static class ExitCode
{
    public const int Success = 0;
    public const int SomeFailed = 1;
    public const int Usage = 2;
    public const int Unavailable = 3;
    public const int NotFound = 4;
    public const int Incomplete = 5;
    public const int SubmissionUnknown = 6;
    public const int Error = 7;
    public const int Running = 8;
    public const int Interrupted = 130;
    public const int Terminated = 143;

    /// <summary>That of a batch as it stands.</summary>
    public static int Of(Batch batch) => batch.State switch
    {
        BatchState.Cancelled => Incomplete,
        _ when batch.RunningRequests > 0 => Running,
        _ => batch.FailedRequests > 0 ? SomeFailed : Success,
    };

    /// <summary>That of a call that the gateway has refused or not answered.</summary>
    public static int Of(BatchException failure) => failure switch
    {
        SubmissionUnknownException => SubmissionUnknown,
        { StatusCode: StatusCode.InvalidArgument or StatusCode.OutOfRange } => Usage,
        { StatusCode: StatusCode.NotFound or StatusCode.Aborted or StatusCode.Unauthenticated or StatusCode.PermissionDenied } => NotFound,
        { StatusCode: StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.ResourceExhausted } => Unavailable,
        { StatusCode: StatusCode.FailedPrecondition } => Incomplete,
        _ => Error,
    };
}
