using System.Globalization;
using Batching.Engine.Model;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace Batching.Rest.Calls;

/// <summary>Turns what the engine refuses into the errors of gRPC.</summary>
internal static class RefusalErrors
{
    // A store that is full, or a gateway that starts again, takes some seconds at least.
    private static readonly TimeSpan UnavailableRetryDelay = TimeSpan.FromSeconds(5);

    /// <summary>Turns a refusal of the engine into an error of the call.</summary>
    /// <exception cref="RpcException">It refuses: a <see cref="Google.Rpc.Status"/> with details.</exception>
    public static T OrThrow<T>(this Outcome<T> answer)
        where T : class =>
        answer.Succeeded ? answer.Value : throw answer.Refusal.ToStatus().ToRpcException();

    /// <summary>The refusal as gRPC says it.</summary>
    public static Google.Rpc.Status ToStatus(this Refusal refusal) => refusal switch
    {
        Refusal.Invalid invalid => new Google.Rpc.Status
        {
            Code = (int)CallErrorKinds.Invalid.Code,
            Message = refusal.Message,
            Details = { Any.Pack(ToBadRequest(invalid)) },
        },
        Refusal.NotFound notFound => new Google.Rpc.Status
        {
            Code = (int)CallErrorKinds.NotFound.Code,
            Message = refusal.Message,
            Details =
            {
                Any.Pack(new ResourceInfo { ResourceType = notFound.Kind, ResourceName = notFound.Id }),
            },
        },
        Refusal.KeyReused => new Google.Rpc.Status
        {
            Code = (int)CallErrorKinds.KeyReused.Code,
            Message = refusal.Message,
            Details = { Any.Pack(new ErrorInfo { Reason = "IDEMPOTENCY_KEY_REUSED", Domain = "batch" }) },
        },
        Refusal.TooSlow => new Google.Rpc.Status { Code = (int)CallErrorKinds.Late.Code, Message = refusal.Message },
        Refusal.NotThere => new Google.Rpc.Status { Code = (int)CallErrorKinds.NotThere.Code, Message = refusal.Message },
        Refusal.WrongOffset wrong => new Google.Rpc.Status
        {
            Code = (int)CallErrorKinds.WrongOffset.Code,
            Message = refusal.Message,
            Details =
            {
                Any.Pack(new ErrorInfo
                {
                    Reason = "APPEND_OFFSET",
                    Domain = "batch",
                    Metadata = { ["expected_offset"] = wrong.Expected.ToString(CultureInfo.InvariantCulture) },
                }),
            },
        },
        Refusal.Sealed => new Google.Rpc.Status
        {
            Code = (int)CallErrorKinds.Sealed.Code,
            Message = refusal.Message,
            Details = { Any.Pack(new ErrorInfo { Reason = "BATCH_SEALED", Domain = "batch" }) },
        },
        Refusal.Unavailable => new Google.Rpc.Status
        {
            Code = (int)CallErrorKinds.Unavailable.Code,
            Message = refusal.Message,
            Details = { Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(UnavailableRetryDelay) }) },
        },
        Refusal.Exhausted exhausted => new Google.Rpc.Status
        {
            Code = (int)CallErrorKinds.Exhausted.Code,
            Message = refusal.Message,
            Details =
            {
                Any.Pack(new QuotaFailure { Violations = { ToViolation(exhausted) } }),
                Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(exhausted.RetryAfter) }),
                Any.Pack(ToErrorInfo(exhausted)),
            },
        },
        _ => throw new ArgumentOutOfRangeException(nameof(refusal), refusal, "Not a refusal that is known."),
    };

    private static QuotaFailure.Types.Violation ToViolation(Refusal.Exhausted exhausted) =>
        new() { Subject = exhausted.Limit, Description = exhausted.Message };

    private static ErrorInfo ToErrorInfo(Refusal.Exhausted exhausted) => new()
    {
        Reason = "QUOTA_EXCEEDED",
        Domain = "batch",
        Metadata =
        {
            ["quota_limit"] = exhausted.Limit,
            ["quota_limit_value"] = exhausted.Value.ToString(CultureInfo.InvariantCulture),
        },
    };

    private static BadRequest ToBadRequest(Refusal.Invalid invalid) => new()
    {
        FieldViolations =
        {
            invalid.Problems.Select(
                problem => new BadRequest.Types.FieldViolation { Field = problem.Field, Description = problem.Message }),
        },
    };
}
