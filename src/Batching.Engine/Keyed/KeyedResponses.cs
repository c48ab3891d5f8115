using System.Globalization;
using System.Text;
using Batching.Engine.Configuration;
using Batching.Engine.Content;
using Batching.Engine.Model;
using Batching.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;

namespace Batching.Engine.Keyed;

/// <summary>Makes the responses that callers of keyed batches get.</summary>
internal static class KeyedResponses
{
    private static readonly KeyedFailure Interrupted =
        new(Failure.Interrupted.Reason(), Failure.Interrupted.StatusCode(), Failure.Interrupted.Code());

    /// <summary>The response for what came of a call. Shares the memory of the reply.</summary>
    public static Response From(UpstreamReply reply)
    {
        if (reply.Failure != Failure.None)
        {
            return new Response
            {
                StatusCode = reply.StatusCode,
                Error = reply.Failure.ToStatus(Encoding.UTF8.GetString(reply.Body.Span)),
            };
        }

        var response = new Response
        {
            StatusCode = reply.StatusCode,
            Body = UnsafeByteOperations.UnsafeWrap(reply.Body),
            Size = reply.Size,
        };
        foreach (var (name, value) in ResponseHeaders.Decode(reply.Headers))
        {
            response.Headers[name] = value;
            if (name == "content-type")
            {
                response.ContentType = value;
            }
            else if (name == "content-encoding")
            {
                response.ContentEncoding = value;
            }
        }

        return response;
    }

    /// <summary>A call that is not made because it is bad.</summary>
    public static Response FromProblems(IReadOnlyList<Problem> problems)
    {
        var refusal = new Refusal.Invalid(problems);
        var details = new BadRequest();
        details.FieldViolations.AddRange(refusal.Problems.Select(
            problem => new BadRequest.Types.FieldViolation { Field = problem.Field, Description = problem.Message }));
        return new Response
        {
            StatusCode = 400,
            Error = new Google.Rpc.Status
            {
                Code = (int)Code.InvalidArgument,
                Message = refusal.Message,
                Details = { Any.Pack(details) },
            },
        };
    }

    /// <summary>A call that was cut off, or never begun, when the time of its batch was over.</summary>
    public static Response FromBatchTimeout(TimeSpan timeout) => Create(
        KeyedFailure.BatchTimeout,
        string.Create(
            CultureInfo.InvariantCulture,
            $"The batch has to be done within {timeout.TotalSeconds} s; this call was not."));

    /// <summary>A call that is not made because one that it depends on has no success.</summary>
    public static Response FromFailedDependency() => Create(
        KeyedFailure.DependencyFailed,
        "A call that this one depends on has failed; this one was not made.");

    /// <summary>A call that is not made because of how the one has ended that it depends on.</summary>
    /// <param name="cause">The key of that one.</param>
    /// <param name="rule">When it is made.</param>
    public static Response FromFailedDependency(string cause, RunWhen rule) => Create(
        KeyedFailure.DependencyFailed,
        rule == RunWhen.Failed
            ? $"It runs only after a failure, and {CallerText.Quote(cause)} and whatever else it depends on has succeeded."
            : $"It depends on {CallerText.Quote(cause)}, which has not succeeded.");

    /// <summary>A response that no room is left for in the reply.</summary>
    public static Response FromFullReply(long limit) => Create(
        KeyedFailure.ReplyTooLarge,
        string.Create(
            CultureInfo.InvariantCulture,
            $"The responses of this batch are larger than {limit} bytes together; no room was left for this one."));

    /// <summary>A response that the gateway has no memory for.</summary>
    public static Response FromFullMemory() => Create(
        KeyedFailure.ReplyTooLarge,
        "No room was left for this response: the replies that are not read yet hold as much memory as those of one caller "
        + $"({OptionKey.Of<KeyedOptions>(nameof(KeyedOptions.HeldBytesPerOwner))}) or of all "
        + $"({OptionKey.Of<KeyedOptions>(nameof(KeyedOptions.HeldBytes))}) may; try again later.");

    /// <summary>A call that had not ended, or not begun, when the gateway was stopped.</summary>
    public static Response FromShutdown(bool wasBegun) => Create(
        Interrupted,
        wasBegun
            ? "The gateway stopped while this call was under way. It may or may not have reached the API."
            : "The gateway is stopping; this call was not made.");

    private static Response Create(KeyedFailure failure, string message) => new()
    {
        StatusCode = failure.StatusCode,
        Error = FailureStatus.Create(failure.Code, failure.Reason, message),
    };
}
