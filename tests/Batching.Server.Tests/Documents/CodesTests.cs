using System.Text.RegularExpressions;
using Batching.Engine.Keyed;
using Batching.Engine.Model;
using Batching.Rest.Calls;
using Batching.V1;
using Google.Protobuf.Reflection;

namespace Batching.Server.Tests.Documents;

/// <summary>Every code that a page names, as in `NOT_FOUND`, is one that there is.</summary>
public sealed partial class CodesTests
{
    // The reasons of ErrorInfo in errors of calls, whose page is made from CallErrorKinds.
    internal static readonly string[] Reasons = ["APPEND_OFFSET", "BATCH_SEALED", "IDEMPOTENCY_KEY_REUSED", "QUOTA_EXCEEDED"];

    // What is not the gateway's: HTTP, gRPC's health service, exit codes of Unix, SQL, other programs.
    private static readonly string[] Others =
    [
        "SERVING", "NOT_SERVING", "EX_CONFIG", "EX_OSERR", "EX_TEMPFAIL", "EX_SOFTWARE", "GOAWAY", "RST_STREAM", "CHECK", "COPY", "SIGTERM",
        "SIGSTOP", "SIGKILL", "TE", "TCP_NOTSENT_LOWAT", "ENHANCE_YOUR_CALM", "NO_SIDE_EFFECTS", "IDEMPOTENT", "HEALTHCHECK", "SIGINT", "CONNECT", "TRACE", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT",
    ];

    [Fact]
    public void Pages_CodesThatTheyName_AreThere()
    {
        var known = Enum.GetValues<Failure>().Where(failure => failure != Failure.None).Select(failure => failure.Reason())
            .Concat(KeyedFailure.All.Select(failure => failure.Reason))
            .Concat(CallErrorKinds.All.Select(kind => Upper(kind.Code.ToString())))
            .Concat(Enum.GetNames<Grpc.Core.StatusCode>().Select(Upper))
            .Concat(Enums().SelectMany(one => one.Values.SelectMany(value => new[] { value.Name, Short(one, value) })))
            .Concat(Reasons)
            .Concat(Others)
            .ToHashSet(StringComparer.Ordinal);
        var named = Directory.GetFiles(Path.Combine(Repository.Root, "docs"), "*.md").Append(Path.Combine(Repository.Root, "README.md"))
            .SelectMany(page => Code().Matches(File.ReadAllText(page)).Select(match => (Page: Path.GetFileName(page), Code: match.Groups["code"].Value)))
            .Where(found => !Variable().IsMatch(found.Code))
            .Distinct()
            .ToArray();

        Assert.True(named.Length >= 100, $"The pages name only {named.Length} codes.");
        var unknown = named.Where(found => !known.Contains(found.Code)).Select(found => $"{found.Page}: {found.Code}").ToArray();
        Assert.True(unknown.Length == 0, $"There are no such codes:\n{string.Join('\n', unknown)}");
    }

    private static IEnumerable<EnumDescriptor> Enums() => new[]
    {
        BatchReflection.Descriptor, WebhookReflection.Descriptor, OperationsServiceReflection.Descriptor,
    }.SelectMany(file => file.EnumTypes);

    // `RUNNING` for `BATCH_STATE_RUNNING`.
    private static string Short(EnumDescriptor one, EnumValueDescriptor value) => value.Name[(Upper(one.Name).Length + 1)..];

    /// <summary>A name as the contract has it: <c>NOT_FOUND</c> for <c>NotFound</c>.</summary>
    internal static string Upper(string name) => Hump().Replace(name, "_").ToUpperInvariant();

    [GeneratedRegex("`(?<code>[A-Z][A-Z]+(_[A-Z]+)*)`")]
    private static partial Regex Code();

    // Of the environment, the tests and other programs.
    [GeneratedRegex("^(BATCH_(URL|TOKEN|[A-Z]*(KILLS|CALLS|SEED|DOCS|UPSTREAM|PASSWORD|INPUTS|JSON|GRAPHS|REQUESTS|SECONDS|SCREENSHOTS).*)|OTEL_.*|DOTNET_.*|ASPNETCORE_.*|[A-Z]*PASSWORD|[A-Z]*DIRECTORY|FILE|URL|ID|JSON|UTF|TLS|HTTP_.*|REMOTE_.*|BATCH_CRASH_.*)$")]
    private static partial Regex Variable();

    [GeneratedRegex("(?<=[a-z])(?=[A-Z])")]
    private static partial Regex Hump();
}
