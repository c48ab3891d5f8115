using Google.Protobuf.WellKnownTypes;
using Google.Rpc;

namespace Batching.Engine.Model;

/// <summary>Tells callers about a <see cref="Failure"/> as the contract has it: a status with an ErrorInfo.</summary>
internal static class FailureStatus
{
    /// <summary>The status of a failure.</summary>
    public static Google.Rpc.Status ToStatus(this Failure failure, string message) =>
        Create(failure.Code(), failure.Reason(), message);

    /// <summary>A status with the reason in its ErrorInfo.</summary>
    public static Google.Rpc.Status Create(Code code, string reason, string message) => new()
    {
        Code = (int)code,
        Message = message,
        Details =
        {
            Any.Pack(new ErrorInfo { Reason = reason, Domain = "batch" }),
        },
    };
}
