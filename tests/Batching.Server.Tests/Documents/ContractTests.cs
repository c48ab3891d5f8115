using System.Text.RegularExpressions;
using Batching.Contracts.Anthropic;
using Batching.Contracts.Graph;
using Batching.Contracts.OpenAi;
using Batching.Contracts.Rest;
using Batching.Rest.Calls;
using Batching.V1;
using Google.Api;
using Google.Protobuf.Reflection;
using Google.Rpc;

namespace Batching.Server.Tests.Documents;

/// <summary>The comments of the protos say of each RPC and each field what a caller has to know, and what programs are told.</summary>
public sealed partial class ContractTests
{
    private static readonly FileDescriptor[] Files =
    [
        BatchReflection.Descriptor, BatchServiceReflection.Descriptor, KeyedBatchServiceReflection.Descriptor,
        WebhookReflection.Descriptor, WebhookServiceReflection.Descriptor, GatewayServiceReflection.Descriptor,
        OperationsServiceReflection.Descriptor, .. OfRest,
    ];

    private static FileDescriptor[] OfRest =>
    [
        V0BatchServiceReflection.Descriptor, V0WebhookServiceReflection.Descriptor, V2BatchServiceReflection.Descriptor,
        GraphBatchServiceReflection.Descriptor, StoredRunReflection.Descriptor, MessageBatchServiceReflection.Descriptor,
        StoredMessageBatchReflection.Descriptor, OpenaiBatchServiceReflection.Descriptor, StoredBatchReflection.Descriptor,
    ];

    // What a caller gives; replies have no defaults.
    private static readonly string[] Given = ["Request", "ForEach", "Pagination", "QueryParameter", "Notify", "KeyedRequest"];

    private static IEnumerable<MethodDescriptor> Methods => Files.SelectMany(file => file.Services).SelectMany(service => service.Methods);

    private static IEnumerable<FieldDescriptor> Fields =>
        Files.SelectMany(file => file.MessageTypes).SelectMany(message => message.Fields.InDeclarationOrder());

    [Fact]
    public void Rpcs_EachComment_SaysWhatASecondCallDoes() => Assert.All(Methods, method => Assert.True(
        Again().IsMatch(CommentOf(method)), $"{method.FullName} does not say what happens if it is made again."));

    // As in "Errors: NOT_FOUND if …; ABORTED with the reason …. And those of every call."; REST services with forms of their own say
    // statuses instead of codes.
    [Fact]
    public void Rpcs_EachComment_EndsWithItsErrors() => Assert.All(Methods, method =>
    {
        var errors = Errors().Match(CommentOf(method));
        Assert.True(errors.Success, $"{method.FullName} does not end with its errors.");
        var own = errors.Groups["own"].Value;
        if (OfRest.Contains(method.File))
        {
            int[] statuses = [.. Status().Matches(own).Select(match => int.Parse(match.Value, null))];
            Assert.True(statuses.Length > 0, $"{method.FullName} names no status.");
            Assert.All(statuses, status => Assert.Contains(
                CallErrorKinds.All, kind => kind.HttpStatus == status && kind.Forms.HasFlag(CallForms.Rest)));
        }
        else
        {
            string[] names = [.. Code().Matches(own).Select(match => match.Value)];
            Assert.True(names.Length > 0, $"{method.FullName} names no code.");
            Assert.All(names, name => Assert.True(
                CodesTests.Reasons.Contains(name) || CallErrorKinds.All.Any(kind => kind.Forms.HasFlag(CallForms.Grpc) && CodesTests.Upper($"{kind.Code}") == name),
                $"{method.FullName} names {name}, which is no code or reason of an error."));
        }
    });

    // A reason is that of its code.
    [Fact]
    public void Rpcs_ReasonsOfErrors_StandBehindTheirCodes()
    {
        var said = Methods.SelectMany(method => Reason().Matches(CommentOf(method)))
            .Select(match => (Reason: match.Groups["reason"].Value, Code: match.Groups["code"].Value)).Distinct().Order();

        Assert.Equal(
            ErrorsPage.Refusals.Select(pair => pair.Refusal.ToStatus())
                .SelectMany(status => status.Details.Where(detail => detail.Is(ErrorInfo.Descriptor))
                    .Select(detail => (detail.Unpack<ErrorInfo>().Reason, CodesTests.Upper($"{(Grpc.Core.StatusCode)status.Code}"))))
                .Distinct().Order(),
            said);
    }

    [Fact]
    public void Services_EachComment_NamesTheErrorsOfEveryCall() => Assert.All(
        Files.SelectMany(file => file.Services),
        service => Assert.Contains("Errors of every call, beside its own:", CommentOf(service), StringComparison.Ordinal));

    // A level is for programs what the comment is for people.
    [Fact]
    public void Rpcs_WithALevel_SayTheSame() => Assert.All(
        Methods.Where(method => LevelOf(method) != MethodOptions.Types.IdempotencyLevel.IdempotencyUnknown),
        method =>
        {
            var readsOnly = LevelOf(method) == MethodOptions.Types.IdempotencyLevel.NoSideEffects;
            Assert.Matches(readsOnly ? "Changes nothing|Reads only" : "Idempotent[.:;]|Made again it changes nothing", CommentOf(method));
        });

    [Theory]
    [InlineData(FieldBehavior.Required, "Required")]
    [InlineData(FieldBehavior.OutputOnly, "Output only")]
    public void Fields_Behavior_IsWhatTheirCommentsSay(FieldBehavior behavior, string word)
    {
        var annotated = Fields.Where(field => BehaviorOf(field).Contains(behavior)).Select(field => field.FullName).ToArray();

        Assert.True(annotated.Length >= 4, $"Only {annotated.Length} fields are {behavior}.");
        Assert.Equal(
            Fields.Where(field => Regex.IsMatch(CommentOf(field), $@"(^|\. ){word}( then)?[.,]", RegexOptions.ExplicitCapture) && !CommentOf(field).Contains($"{word} then", StringComparison.Ordinal))
                .Select(field => field.FullName),
            annotated);
    }

    [Fact]
    public void Fields_ThatCallersGive_SayWhatUnsetMeans()
    {
        var given = Fields.Where(field => IsGiven(field.ContainingType) && !BehaviorOf(field).Contains(FieldBehavior.OutputOnly)).ToArray();

        Assert.True(given.Length >= 60, $"Only {given.Length} fields are given by callers.");
        Assert.All(given, field => Assert.True(
            Unset().IsMatch(CommentOf(field)), $"{field.FullName} does not say what it means if it is not set."));
    }

    // What may be absent from a reply, or be empty.
    [Fact]
    public void Fields_OfReplies_SayWhenTheyAreNotSet()
    {
        var told = Fields.Where(field => !IsGiven(field.ContainingType) || BehaviorOf(field).Contains(FieldBehavior.OutputOnly))
            .Where(field => field.RealContainingOneof is null)
            .Where(field => field.IsRepeated || field.HasPresence || field.FieldType is FieldType.String or FieldType.Bytes or FieldType.Bool)
            .ToArray();

        Assert.True(told.Length >= 50, $"Only {told.Length} fields of replies may be absent.");
        var silent = told.Where(field => !Absent().IsMatch(CommentOf(field))).Select(field => field.FullName).ToArray();
        Assert.True(silent.Length == 0, $"These do not say when they are not set:\n{string.Join('\n', silent)}");
    }

    // Numbers have a range, lists a length.
    [Fact]
    public void Fields_ThatCallersGive_SayTheirLimits()
    {
        var limited = Fields.Where(field => IsGiven(field.ContainingType) && !BehaviorOf(field).Contains(FieldBehavior.OutputOnly))
            .Where(field => field.IsRepeated || field.FieldType is FieldType.Int32 or FieldType.Int64 or FieldType.Bytes)
            .ToArray();

        Assert.True(limited.Length >= 30, $"Only {limited.Length} fields have limits.");
        var silent = limited.Where(field => !Limit().IsMatch(CommentOf(field))).Select(field => field.FullName).ToArray();
        Assert.True(silent.Length == 0, $"These do not say their limits:\n{string.Join('\n', silent)}");
    }

    private static MethodOptions.Types.IdempotencyLevel LevelOf(MethodDescriptor method) => method.GetOptions()?.IdempotencyLevel ?? default;

    private static bool IsGiven(MessageDescriptor message) =>
        Given.Contains(message.Name) || message.Name.EndsWith("Request", StringComparison.Ordinal);

    private static FieldBehavior[] BehaviorOf(FieldDescriptor field) =>
        field.GetOptions()?.GetExtension(FieldBehaviorExtensions.FieldBehavior) is { } behavior ? [.. behavior] : [];

    private static string CommentOf(DescriptorBase descriptor)
    {
        var lines = File.ReadAllLines(Path.Combine(Repository.Root, "protos", descriptor.File.Name));
        var place = descriptor switch
        {
            ServiceDescriptor service => Array.FindIndex(lines, line => line.StartsWith($"service {service.Name} ", StringComparison.Ordinal)),
            MethodDescriptor method => Array.FindIndex(lines, line => line.TrimStart().StartsWith($"rpc {method.Name}(", StringComparison.Ordinal)),
            FieldDescriptor field => Array.FindIndex(
                lines,
                Array.FindIndex(lines, line => line.StartsWith($"message {field.ContainingType.Name} ", StringComparison.Ordinal)),
                line => Regex.IsMatch(line, $@"\b{field.Name} = {field.FieldNumber}\b")),
            _ => throw new NotSupportedException(descriptor.FullName),
        };
        Assert.True(place > 0, $"{descriptor.FullName} is not in its file.");
        return string.Join(' ', lines[..place].Reverse().Select(line => line.Trim())
            .TakeWhile(line => line.StartsWith("//", StringComparison.Ordinal)).Reverse().Select(line => line.TrimStart('/').Trim()));
    }

    [GeneratedRegex("[Ii]dempoten|made again|Made again")]
    private static partial Regex Again();

    [GeneratedRegex(@" Errors: (?<own>.+)\. And those of every call\.$")]
    private static partial Regex Errors();

    [GeneratedRegex(@"\b[45]\d\d\b")]
    private static partial Regex Status();

    [GeneratedRegex(@"(?<!`)\b[A-Z]+(_[A-Z]+)+\b|\b(ABORTED|UNAVAILABLE|UNIMPLEMENTED|INTERNAL|UNKNOWN)\b", RegexOptions.ExplicitCapture)]
    private static partial Regex Code();

    [GeneratedRegex("(?<code>[A-Z_]+) with the reason (?<reason>[A-Z_]+)")]
    private static partial Regex Reason();

    [GeneratedRegex("[Uu]nset|[Ee]mpty|Always set|False (if|for|unless|until)|Never empty|Only where|Set where|Set when", RegexOptions.ExplicitCapture)]
    private static partial Regex Absent();

    [GeneratedRegex(@"\d|As in CreateBatchRequest")]
    private static partial Regex Limit();

    [GeneratedRegex("unset|Unset|default|[Rr]equired|[Ee]mpty|As in CreateBatchRequest|Text is|GET if")]
    private static partial Regex Unset();
}
