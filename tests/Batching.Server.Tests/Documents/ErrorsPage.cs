using System.Text;
using Batching.Engine.Keyed;
using Batching.Engine.Model;
using Batching.Rest.Calls;
using Batching.Rest.V0;
using Batching.Rest.V2;
using Batching.Server.Tests.Configuration;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;

namespace Batching.Server.Tests.Documents;

/// <summary>Makes <c>docs/errors.md</c> from <see cref="CallErrorKinds"/>, <see cref="Failure"/> and <see cref="KeyedFailure"/>.</summary>
internal static class ErrorsPage
{
    private const string Head =
        """
        <!-- Generated from CallErrorKinds, Failure and KeyedFailure. CONTRIBUTING.md says how to change it. -->
        # Errors

        For callers: everything that can go wrong, how each form of the gateway says it, and what you can do. There are two kinds of
        errors, and a client has to tell them apart:

        - **An error of a call**: the gateway refuses your call, or can't do it. The HTTP status of the reply, or the gRPC status, says it.
        - **A result without an answer**: your call is good, but one request of the batch got no answer from its API. The status of the
          call is 200 (`OK`), and the result has a status and a reason of its own.

        An answer of the API with a status of 400 or above is neither: it is a result like any other, with the API's own body.

        ## Errors of a call

        Over REST the HTTP status is the one of the table, and the body depends on the path:

        | path | body |
        |---|---|
        | `/api/v0` | `{"message": "…", "statusCode": 400, "error": "INVALID_ARGUMENT", "errors": [{"field": "[3].path", "message": "…"}]}` |
        | `/api/v1` | a `google.rpc.Status`: `{"code": 3, "message": "…", "details": […]}`; `code` is the number of the gRPC code |
        | `/api/v2` | `{"status": 400, "code": "invalid_argument", "message": "…", "errors": [{"field": "calls", "message": "…"}]}` |

        `errors` is there if fields are wrong. With `suppress_response_codes=true`, v0 and v2 answer with HTTP 200 and the same body.
        `Retry-After` is set if "again" says so. What the server can't read at all (431, 414 of a very long URL, 400 of what is no HTTP)
        has no body.

        Over gRPC an error is a status with the code of the table. Its details are in `grpc-status-details-bin`, as a `google.rpc.Status`:
        client libraries decode it, see [gRPC clients](grpc-clients.md#errors).

        "Again" says whether the same call makes sense once more:

        - **no**: the answer would be the same.
        - **yes**: nothing was changed, so make the call again, whatever it does.
        - **later**: nothing was changed. Make the call again after the time that `RetryInfo` and `Retry-After` name.
        - **if it only reads**: a call that changes something may have done so. Make it again if it is [idempotent](paths.md).


        """;

    private const string Results =
        """

        ## Results without an answer

        If there is no answer of the API, the gateway answers in its place. The result then has the status below. Where the reason stands:

        | form | where the reason is |
        |---|---|
        | gRPC, v1 | `response.error`: a `google.rpc.Status` with the code below, and an `ErrorInfo` with `reason` and the domain `batch` |
        | v0 | `response` is `{"message": "…", "statusCode": 502, "error": "UPSTREAM_RESET"}` |
        | v2 | `data` is `{"status": 502, "code": "upstream_reset", "message": "…"}`, with the reason in lower case |

        So a 502 of the gateway and a 502 of the API differ: over gRPC `response.error` is set only for the gateway's own. Over v0 look
        into the response: the gateway's own has an `error` of this table. [States](states.md#failures) says what leads to each.


        """;

    private const string Keyed =
        """

        In [keyed batches](concepts.md#keyed-batches) there are two more. A call that is bad is not made: its status is 400, its code
        `INVALID_ARGUMENT` (v2: `invalid_argument`), without an `ErrorInfo`.


        """;

    /// <summary>One refusal of each type, with the kind of error that it is.</summary>
    public static IReadOnlyList<(Refusal Refusal, CallErrorKind Kind)> Refusals { get; } =
    [
        (new Refusal.Invalid("field", "is wrong"), CallErrorKinds.Invalid),
        (new Refusal.NotThere("x"), CallErrorKinds.NotThere),
        (new Refusal.Sealed("x"), CallErrorKinds.Sealed),
        (new Refusal.NotFound("batch", "1"), CallErrorKinds.NotFound),
        (new Refusal.KeyReused("x"), CallErrorKinds.KeyReused),
        (new Refusal.WrongOffset(1), CallErrorKinds.WrongOffset),
        (new Refusal.TooSlow("x"), CallErrorKinds.Late),
        (new Refusal.Unavailable("x"), CallErrorKinds.Unavailable),
        (new Refusal.Exhausted("Batch:Quotas:Batches", 1, Refusal.Exhausted.Soon, "x"), CallErrorKinds.Exhausted),
    ];

    /// <summary>Makes the page.</summary>
    public static string Make()
    {
        var page = new StringBuilder(Head.ReplaceLineEndings("\n"));
        page.Append("| HTTP | gRPC, v0 `error` | v2 `code` | details | again | what has happened | what to do |\n|---|---|---|---|---|---|---|\n");
        foreach (var kind in CallErrorKinds.All)
        {
            var code = $"`{V0Errors.NameOf((int)kind.Code)}`";
            Row(
                page,
                kind.Forms == CallForms.Grpc ? "gRPC only" : $"{kind.HttpStatus}",
                kind.Forms == CallForms.Rest ? $"{code}, REST only" : code,
                kind.Forms == CallForms.Grpc ? "" : $"`{V2Errors.NameOf((int)kind.Code)}`",
                string.Join(", ", DetailsOf(kind)),
                SayAgain(kind.Repeat),
                kind.Cause,
                kind.Advice);
        }

        page.Append(Results.ReplaceLineEndings("\n"));
        page.Append("| reason | status | gRPC code | what has happened | what to do |\n|---|---|---|---|---|\n");
        var summaries = new OptionSummaries();
        foreach (var failure in System.Enum.GetValues<Failure>().Where(failure => failure != Failure.None))
        {
            Row(
                page,
                $"`{failure.Reason()}`",
                $"{failure.StatusCode()}",
                $"`{V0Errors.NameOf((int)failure.Code())}`",
                summaries.Find(failure, "summary"),
                summaries.Find(failure, "remarks"));
        }

        page.Append(Keyed.ReplaceLineEndings("\n"));
        page.Append("| reason | v2 `code` | status | gRPC code |\n|---|---|---|---|\n");
        foreach (var failure in KeyedFailure.All)
        {
            Row(
                page,
                $"`{failure.Reason}`",
                $"`{failure.Reason.ToLowerInvariant()}`",
                $"{failure.StatusCode}",
                $"`{V0Errors.NameOf((int)failure.Code)}`");
        }

        return page.ToString();
    }

    private static IEnumerable<string> DetailsOf(CallErrorKind kind) => Refusals
        .Where(pair => pair.Kind == kind)
        .SelectMany(pair => pair.Refusal.ToStatus().Details)
        .Select(detail => detail.TryUnpack<ErrorInfo>(out var info)
            ? $"`ErrorInfo` `{info.Reason}`"
            : $"`{Any.GetTypeName(detail.TypeUrl).Split('.')[^1]}`");

    private static string SayAgain(CallRepeat repeat) => repeat switch
    {
        CallRepeat.No => "no",
        CallRepeat.Yes => "yes",
        CallRepeat.AfterRetryInfo => "later",
        CallRepeat.IfReading => "if it only reads",
        _ => throw new ArgumentOutOfRangeException(nameof(repeat)),
    };

    private static void Row(StringBuilder page, params string[] cells)
    {
        foreach (var cell in cells)
        {
            page.Append(cell.Length == 0 ? "| " : $"| {cell} ");
        }

        page.Append("|\n");
    }
}
