using System.Text;
using System.Text.RegularExpressions;
using Batching.Contracts.Rest;
using Batching.V1;
using Google.Api;
using Google.Protobuf.Reflection;

namespace Batching.Server.Tests.Documents;

/// <summary>Makes <c>docs/paths.md</c> from the descriptors of the services and the comments of their protos.</summary>
internal static partial class PathsPage
{
    private const string Head =
        """
        <!-- Generated from the protos. CONTRIBUTING.md says how to change it. -->
        # RPCs and paths

        For callers: every RPC with its paths over REST. All of them are served at one port. In paths, `{…}` stands for an id.

        gRPC, gRPC-Web and v1 are the contract itself: [gRPC](grpc.md), [v1](rest-v1.md). [v0](rest-v0.md) and [v2](rest-v2.md) have a
        JSON of their own for the same calls. A slash at the end of a path makes no difference. `HEAD` is served at every path that
        `GET` is, but not at streams.

        The column "made again" says what a second call does: "reads only" and "the same comes of it" are the RPC's `idempotency_level`
        (`NO_SIDE_EFFECTS` and `IDEMPOTENT`). "With a key" and the like: the same comes of it if the call has that, and else it does more. The
        comment of the RPC in the [protos](../protos/batch/v1) says more, and names all errors of the RPC.


        """;

    private const string Tail =
        """

        ## Other paths

        | path | what it is |
        |---|---|
        | `GET /` | [the page](page.md) for browsers |
        | `GET /reference`, `GET /openapi.json` | all REST paths, for people and for generators |
        | `GET /healthz`, `/healthz/live`, `/healthz/ready` | whether the gateway lives and is ready, see [operations](operations.md#what-can-be-watched) |
        | `GET /metrics` | metrics, at `Batch:Operations:Url` only |
        | `grpc.health.v1.Health`, `grpc.reflection.v1.ServerReflection`, `grpc.reflection.v1alpha.ServerReflection` | health and reflection over gRPC |

        """;

    // The RPC whose work each method of a REST service does.
    private static readonly Dictionary<string, string> Does = new(StringComparer.Ordinal)
    {
        [nameof(V0BatchService.V0BatchServiceBase.Submit)] = "CreateBatch",
        [nameof(V0BatchService.V0BatchServiceBase.Append)] = "AppendRequests",
        [nameof(V0BatchService.V0BatchServiceBase.Seal)] = "SealBatch",
        [nameof(V0BatchService.V0BatchServiceBase.List)] = "ListBatches",
        [nameof(V0BatchService.V0BatchServiceBase.Watch)] = "WatchBatches",
        [nameof(V0BatchService.V0BatchServiceBase.GetStatus)] = "GetBatchStatus",
        [nameof(V0BatchService.V0BatchServiceBase.Fetch)] = "FetchBatch",
        [nameof(V0BatchService.V0BatchServiceBase.Stream)] = "FetchResults",
        [nameof(V0BatchService.V0BatchServiceBase.FetchBody)] = "ReadBody",
        [nameof(V0BatchService.V0BatchServiceBase.Cancel)] = "CancelBatch",
        [nameof(V0BatchService.V0BatchServiceBase.Delete)] = "DeleteBatch",
        [nameof(V0BatchService.V0BatchServiceBase.Detect)] = "DetectPagination",
        [nameof(V0BatchService.V0BatchServiceBase.DetectQuery)] = "DetectPagination",
        [nameof(V0WebhookService.V0WebhookServiceBase.ListMessages)] = "ListWebhookMessages",
        [nameof(V0WebhookService.V0WebhookServiceBase.Resend)] = "ResendWebhookMessage",
        [nameof(V0WebhookService.V0WebhookServiceBase.GetSecret)] = "GetWebhookSecret",
        [nameof(V2BatchService.V2BatchServiceBase.Run)] = "RunBatch",
        [nameof(V2BatchService.V2BatchServiceBase.RunQuery)] = "RunBatch",
    };

    private static readonly ServiceDescriptor[] Services =
    [
        BatchService.Descriptor, KeyedBatchService.Descriptor, WebhookService.Descriptor, GatewayService.Descriptor,
        OperationsService.Descriptor,
    ];

    /// <summary>The methods of the REST paths with forms of their own.</summary>
    public static IReadOnlyList<MethodDescriptor> OwnMethods { get; } =
        [.. V0BatchService.Descriptor.Methods, .. V0WebhookService.Descriptor.Methods, .. V2BatchService.Descriptor.Methods];

    /// <summary>Whether the page knows what a method of a REST service does.</summary>
    public static bool Knows(MethodDescriptor method) => Does.ContainsKey(method.Name);

    /// <summary>Makes the page.</summary>
    public static string Make()
    {
        var page = new StringBuilder(Head.ReplaceLineEndings("\n"));
        foreach (var service in Services)
        {
            page.Append("## `").Append(service.FullName).Append("`\n\n");
            if (service == OperationsService.Descriptor)
            {
                page.Append("At the operators' address (`Batch:Operations:Url`) only, see [operations](operations.md#who-holds-how-much).\n\n");
            }

            page.Append("| RPC | kind | made again | proto3 JSON | v0 or v2 | what it does |\n|---|---|---|---|---|---|\n");
            foreach (var method in service.Methods)
            {
                page.Append("| `").Append(method.Name).Append("` | ").Append(KindOf(method)).Append(" |");
                page.Append(' ').Append(AgainOf(method)).Append(" |");
                Cell(page, PathsOf(method));
                Cell(page, OwnMethods.Where(own => Does[own.Name] == method.Name).SelectMany(PathsOf));
                page.Append(' ').Append(SentenceOf(method)).Append(" |\n");
            }

            page.Append('\n');
        }

        page.Append("Over gRPC the path of an RPC is `/batch.v1.BatchService/CreateBatch`, and so on.\n");
        return page.Append(Tail.ReplaceLineEndings("\n")).ToString();
    }

    private static void Cell(StringBuilder page, IEnumerable<string> paths)
    {
        var text = string.Join("<br>", paths.Select(path => $"`{path}`"));
        page.Append(text.Length == 0 ? " |" : $" {text} |");
    }

    private static string KindOf(MethodDescriptor method) =>
        method.IsServerStreaming ? "server streaming" : method.IsClientStreaming ? "client streaming" : "unary";

    // What programs are told, else what the comment says.
    private static string AgainOf(MethodDescriptor method) => method.GetOptions()?.IdempotencyLevel switch
    {
        MethodOptions.Types.IdempotencyLevel.NoSideEffects => "reads only",
        MethodOptions.Types.IdempotencyLevel.Idempotent => "the same comes of it",
        _ => Condition().Match(CommentOf(method)) is { Success: true } condition ? condition.Groups["with"].Value
            : Like().Match(CommentOf(method)) is { Success: true } like ? $"as {like.Groups["calls"].Value}"
            : CommentOf(method).Contains("Not idempotent", StringComparison.Ordinal) ? "does it again"
            : throw new InvalidOperationException($"{method.FullName} does not say what a second call does."),
    };

    private static IEnumerable<string> PathsOf(MethodDescriptor method) =>
        method.GetOptions()?.GetExtension(AnnotationsExtensions.Http) is not { } rule ? []
            : ((HttpRule[])[rule, .. rule.AdditionalBindings]).Select(one => one.PatternCase switch
            {
                HttpRule.PatternOneofCase.Get => $"GET {one.Get}",
                HttpRule.PatternOneofCase.Post => $"POST {one.Post}",
                HttpRule.PatternOneofCase.Delete => $"DELETE {one.Delete}",
                _ => throw new InvalidOperationException($"{method.FullName} has a method that the page does not know."),
            });

    // The first one of the comment in front of it.
    private static string SentenceOf(MethodDescriptor method) => FirstSentence().Match(CommentOf(method)).Value;

    private static string CommentOf(MethodDescriptor method)
    {
        var lines = File.ReadAllLines(Path.Combine(Repository.Root, "protos", method.File.Name));
        var place = Array.FindIndex(lines, line => line.TrimStart().StartsWith($"rpc {method.Name}(", StringComparison.Ordinal));
        return string.Join(' ', lines[..place].Reverse().Select(line => line.Trim())
            .TakeWhile(line => line.StartsWith("//", StringComparison.Ordinal)).Reverse().Select(line => line.TrimStart('/').Trim()));
    }

    [GeneratedRegex(@"^.+?\.(?= |$)")]
    private static partial Regex FirstSentence();

    [GeneratedRegex(@"Idempotent (?<with>with (?:a key|an? `\w+`|`\w+`(?: or `\w+`)?))")]
    private static partial Regex Condition();

    [GeneratedRegex("As idempotent as (?<calls>its calls?)")]
    private static partial Regex Like();
}
