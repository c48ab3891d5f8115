using System.Text.RegularExpressions;
using Batching.V1;
using Google.Api;
using Google.Protobuf.Reflection;

namespace Batching.Server.Tests.Documents;

/// <summary>The comments of the protos say of each RPC and each field what a caller has to know, and what programs are told.</summary>
public sealed partial class ContractTests
{
    private static readonly FileDescriptor[] Files =
    [
        BatchReflection.Descriptor, BatchServiceReflection.Descriptor, KeyedBatchServiceReflection.Descriptor,
        WebhookReflection.Descriptor, WebhookServiceReflection.Descriptor, GatewayServiceReflection.Descriptor,
        OperationsServiceReflection.Descriptor,
    ];

    // What a caller gives; replies have no defaults.
    private static readonly string[] Given = ["Request", "Pagination", "QueryParameter", "Notify", "KeyedRequest"];

    private static IEnumerable<MethodDescriptor> Methods => Files.SelectMany(file => file.Services).SelectMany(service => service.Methods);

    private static IEnumerable<FieldDescriptor> Fields =>
        Files.SelectMany(file => file.MessageTypes).SelectMany(message => message.Fields.InDeclarationOrder());

    [Fact]
    public void Rpcs_EachComment_SaysWhatASecondCallDoes() => Assert.All(Methods, method => Assert.True(
        Again().IsMatch(CommentOf(method)), $"{method.FullName} does not say what happens if it is made again."));

    [Fact]
    public void Rpcs_EachComment_NamesItsErrors() => Assert.All(Methods, method => Assert.True(
        Code().IsMatch(CommentOf(method)), $"{method.FullName} names no error of its own."));

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

    [GeneratedRegex("INVALID_ARGUMENT|NOT_FOUND|FAILED_PRECONDITION|PERMISSION_DENIED|RESOURCE_EXHAUSTED|UNAVAILABLE|ABORTED")]
    private static partial Regex Code();

    [GeneratedRegex("unset|Unset|default|[Rr]equired|[Ee]mpty|As in CreateBatchRequest|Text is|GET if")]
    private static partial Regex Unset();
}
