using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Batching.Engine.Delivery;
using Batching.Engine.Model;
using Batching.Rest.Replies;
using Batching.Server.Configuration;
using Batching.Server.Tests.Configuration;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Batching.Server.Tests.Documents;

/// <summary>
/// Figures in the prose of the pages that stand beside no key: each phrase here is made from the code, and has to stand in its page.
/// Other figures are held by <see cref="DefaultsTests"/> and by the tests of tables.
/// </summary>
public sealed partial class FiguresTests
{
    private const string Otherwise = "unless configured otherwise";
    private const string Contract = "protos/batch/v1/batch.proto";
    private const string Calls = "protos/batch/v1/batch_service.proto";
    private const string KeyedCalls = "protos/batch/v1/keyed_batch_service.proto";
    private const string V0Calls = "protos/batch/rest/v1/v0_batch_service.proto";
    private const string Hooks = "protos/batch/v1/webhook.proto";

    private static readonly Assembly Engine = typeof(BatchReader).Assembly;
    private static readonly Assembly Rest = typeof(StreamFormat).Assembly;
    private static readonly Assembly Server = typeof(KnownKey).Assembly;
    private static readonly Assembly Sqlite = Assembly.Load("Batching.Storage.Sqlite");

    private static readonly string Priorities =
        $"{Of(Engine, "Model.BatchRecord", "MinPriority")} to {Of(Engine, "Model.BatchRecord", "MaxPriority")}";

    private static readonly string Priority = $"{Of(Engine, "Model.BatchRecord", "DefaultPriority")}";

    private static readonly string Problems = $"{Of(Engine, "Submission.RequestValidator", "MaxProblems")}";
    private static readonly string ProblemBytes = $"{Number(Of(Engine, "Model.Refusal+Invalid", "MaxBytes")) / 1024}";
    private static readonly string Digits = $"{Of(Engine, "Model.IdCodec", "Length")} digits";
    private static readonly string Listed = $"{Of(Engine, "Delivery.BatchReader", "DefaultListLimit")}";
    private static readonly string MostListed = Default("Batch:Limits:ListedBatches");
    private static readonly string Levels = $"JSON of more than {Of(Rest, "Replies.ResponseBody", "MaxDepth")} levels";
    private static readonly string Group = $"{Of(Engine, "Spawning.PagedQuery", "MaxGroupPages")}";
    private static readonly string Sends = Word(Number(Of(Engine, "Upstreams.CallProgress", "MaxSends")));
    private static readonly string Spent = $"{Failure.BatchDeadline.StatusCode()}";
    private static readonly string Unmet = $"{Failure.DependencyFailed.StatusCode()}";
    private static readonly string Submitted = $"{Default("Batch:Limits:RequestsPerBatch")} requests";

    private static readonly string KeyBytes = Default("Batch:Limits:KeyBytes").Split(' ')[0];
    private static readonly string Refusals = $"{Seconds(Of(Engine, "Scheduling.AdaptiveConcurrencyLimiter", "RefusalWindow"))} s";

    /// <summary>Pages, and protos, and what has to stand in them.</summary>
    public static TheoryData<string, string> Phrases() => new()
    {
        { "README.md", $"A response of more than {Default("Batch:Limits:ResponseBytes")} (configurable up to {Most("Batch:Limits:ResponseBytes")})" },
        { "README.md", $"at most to {Days("Batch:Retention:Responses")} and {Days("Batch:Retention:Metadata")} days" },
        { "docs/concepts.md", $"names the first {Problems}, as far as {ProblemBytes} KiB hold them" },
        { "docs/concepts.md", $"**Priority**: {Priorities}, by default {Priority}." },
        { "docs/concepts.md", $"`BATCH_DEADLINE` with status {Spent}" },
        { "docs/concepts.md", $"at most {Sends} attempts" },
        { "docs/concepts.md", $"as far ahead as `Batch:Retention:Metadata`, {Hours("Batch:Retention:Metadata")} h" },
        { "docs/concepts.md", $"up to {Default("Batch:Limits:RequestsPerBatch")} in one message" },
        { "docs/concepts.md", $"up to {Default("Batch:Limits:RequestsPerUpload")} in an upload" },
        { "docs/rest-v0.md", $"`priority` | {Priorities}, by default {Priority}" },
        { "docs/rest-v0.md", $"(`priority` if it is not {Priority})" },
        { "docs/rest-v0.md", $"ends with status {Spent} and `BATCH_DEADLINE`" },
        { "docs/rest-v0.md", $"an array of 1 to {Default("Batch:Limits:RequestsPerBatch")} requests" },
        { "docs/rest-v0.md", $"string of {Digits}, unique for ever" },
        { "docs/rest-v0.md", $"no id, which has {Digits}" },
        { "docs/rest-v0.md", $"up to {Default("Batch:Limits:RequestIds")} ids, comma-separated: these requests" },
        { "docs/rest-v0.md", Levels },
        { "docs/rest-v0.md", $"(`limit`: {Listed} by default, at most {MostListed})" },
        { "docs/rest-v0.md", $"(default {Listed}, more than {MostListed} counts as {MostListed})" },
        { "docs/rest-v0.md", $"stopped and end with status {Failure.Cancelled.StatusCode()}" },
        { "docs/rest-v0.md", $"all of them, or the first {Problems}, or as many as {ProblemBytes} KiB hold" },
        { "docs/rest-v0.md", $"plus `\"limit\": {Default("Batch:Upstreams:N:Pagination:PageSize")}` if there was none" },
        { "docs/rest-v0.md", $"pages ask for at most {Default("Batch:Upstreams:N:Pagination:PageSize")}" },
        { "docs/rest-v1.md", $"with `progress` every {Default("Batch:StreamHeartbeat")}" },
        { "docs/rest-v1.md", $"no id, which has {Digits}, is 400" },
        { "docs/rest-v2.md", Levels },
        { "docs/rest-v2.md", $"Calls run {Default("Batch:Keyed:Parallelism")} at a time" },
        { "docs/rest-guide.md", $"up to {Sends} times" },
        { "docs/grpc.md", $"the first {Problems}, as far as {ProblemBytes} KiB hold them" },
        { "docs/spawners.md", $"in groups of {Group}" },
        { "docs/spawners.md", $"`max_pages` | {Default("Batch:Limits:PagesPerSpawner")}" },
        { "docs/dependencies.md", $"has the status {Unmet} and the reason `{Failure.DependencyFailed.Reason()}`" },
        { "docs/operations.md", $"in groups of up to {Group}" },
        { "docs/operations.md", $"{Of(Engine, "Scheduling.WaitingShare", "LeastWaiting")} in all, however many batches there are" },
        { "docs/operations.md", $"`OwnerPercent` of them, {Default("Batch:Upstreams:N:OwnerPercent")}." },
        { "docs/operations.md", $"get 27 of {Default("Batch:Upstreams:N:MaxConcurrency")} each" },
        { "docs/operations.md", $"429 or 503 within {Refusals}, and these are half" },
        { "docs/operations.md", $"(at most every {Seconds(Of(Engine, "Scheduling.AdaptiveConcurrencyLimiter", "LogInterval"))} seconds)" },
        { "docs/operations.md", $"or {Seconds(Of(Engine, "Committing.StoreOutage", "ForgetDelay"))} s after the last attempt" },
        { "docs/operations.md", $"| {Of(Server, "ServerProcess", "Software")} | a part of the engine has failed" },
        { "docs/operations.md", $"| {Of(Server, "ServerProcess", "TemporaryFailure")} | [another gateway has taken over]" },
        { "docs/operations.md", $"| {Of(Server, "Configuration.StartFailure", "System")} | it could not start" },
        { "docs/operations.md", $"| {Of(Server, "Configuration.StartFailure", "Configuration")} | the configuration is wrong" },
        { "docs/operations.md", $"exit code is {Of(Server, "Configuration.StartFailure", "Configuration")} (`EX_CONFIG`)" },
        { "docs/operations.md", $"and {Of(Server, "Configuration.StartFailure", "System")} (`EX_OSERR`)" },
        { "docs/operations.md", $"with {Of(Server, "ServerProcess", "TemporaryFailure")} (`EX_TEMPFAIL`)" },
        { "docs/operations.md", $"with {Of(Server, "ServerProcess", "Software")} (`EX_SOFTWARE`)" },
        { "docs/deploy.md", $"with exit code {Of(Server, "Configuration.StartFailure", "Configuration")}" },
        { "docs/security.md", $"by user.** If several owners get a `Retry-After` within {Refusals}" },
        { "docs/security.md", $"{Number(Of(Engine, "Content.CallerText", "MaxMessageLength")):N0} characters a message and {ProblemBytes} KiB" },
        { "docs/telemetry.md", $"Looked at every {Seconds(Of(Engine, "Telemetry.StoreSampler", "Interval"))} s" },
        { "docs/telemetry.md", $"counted up to {Number(Of(Engine, "Telemetry.StoreSampler", "MostMessages")):N0}" },
        { "docs/webhooks.md", $"(`Batch:Webhooks:Concurrency`, {Default("Batch:Webhooks:Concurrency")})" },
        { "docs/operations.md", $"A stop takes {StopTime} s at most" },
        { "docs/operations.md", $"are pinged every {Seconds(Ping)} s" },
        { "docs/operations.md", $"is 0 if the backup is there, {Of(Server, "Configuration.StartFailure", "System")} if it is not, {Of(Server, "Configuration.StartFailure", "Configuration")} if the configuration is wrong" },
        { "docs/deploy.md", $"A stop takes [{StopTime} s at most]" },
        { "docs/deploy.md", $"If it exits with {Of(Server, "Configuration.StartFailure", "Configuration")}, the last line" },
        { "docs/grpc-clients.md", $"pings quiet connections every {Seconds(Ping)} s" },
        { "docs/scale-out.md", $"a part of up to {Of(Engine, "Model.RequestWindow", "MaxCount")} requests at a time" },
        { "docs/scale-out.md", $"each looks every {Of<TimeSpan>(Engine, "Lifecycle.SharedRunner", "BusyInterval").TotalMilliseconds} ms" },
        { "docs/scale-out.md", $"for too long ends with exit code {Of(Server, "ServerProcess", "TemporaryFailure")}" },
        { "docs/scale-out.md", $"was told to stop) and {Of(Server, "Configuration.StartFailure", "Configuration")} (the configuration is wrong)" },
        { "docs/adding-a-store.md", $"a window holds up to {Of(Engine, "Model.RequestWindow", "MaxCount")} requests or {KiB(Engine, "Model.RequestWindow", "MaxBytes")}" },
        { "docs/architecture.md", $"up to {Of(Engine, "Model.RequestWindow", "MaxCount")} or {KiB(Engine, "Model.RequestWindow", "MaxBytes")} in one row" },
        { "docs/architecture.md", $"in chunks of {KiB(Engine, "Storage.IFileStore", "ChunkBytes")} as they arrive" },
        { "docs/architecture.md", $"in chunks of up to {KiB(Engine, "Storage.IFileStore", "ChunkBytes")} beside it" },
        { "docs/architecture.md", $"more than {KiB(Engine, "Submission.Staging", "BitBytes")} is stored likewise" },
        { "docs/architecture.md", $"more than {KiB(Engine, "Quotas.WorkTurns", "LargeBytes")} takes a turn" },
        { "docs/architecture.md", $"{Of(Engine, "Model.ResultEntry", "EncodedLength")} bytes for each (`ResultEntry`)" },
        { "docs/robustness.md", $"at most {Seconds(Of(Server, "Connections.StopPatience", "Longest"))} s, or for `ShutdownGrace`" },
        { "docs/robustness.md", $"After {Seconds(Of(Server, "BatchServer", "StopTime"))} s the gateway closes the connections" },
        { "docs/robustness.md", $"after {Seconds(Of(Engine, "Hosting.BatchEngineHost", "CommitGrace"))} more seconds for the last results" },
        { "docs/robustness.md", $"A store of up to {MiB(Sqlite, "Opening.StoreInspection", "FullCheckBytes")} is checked completely" },
        { "docs/robustness.md", $"closed after {Seconds(new KestrelServerLimits().RequestHeadersTimeout)} s (Kestrel's `RequestHeadersTimeout`), idle ones after {Seconds(new KestrelServerLimits().KeepAliveTimeout)} s" },
        { "docs/telemetry.md", $"The log beside it, up to {MiB(Sqlite, "StoreConnection", "LogBytes")}, is not counted" },
        { "docs/openai.md", $"show, stream and cancel it too, by the {Of(Engine, "Model.IdCodec", "Length")} digits" },
        { "docs/graph.md", $"up to {Default("Batch:Dialects:Graph:MaxRequests")} requests go in" },
        { "docs/rest-v0.md", $"shown decoded, if it has at most {Default("Batch:Limits:ResponseBytes")}" },
        { Calls, $"At most the first {Problems} are named, and of these as many as {ProblemBytes} KiB hold" },
        { Calls, $"of at most {Default("Batch:Limits:IdempotencyKeyLength")} characters {Otherwise}" },
        { Calls, $"The reading stops at {Problems} problems" },
        { Calls, $"for {Default("Batch:Limits:OpenBatchIdle").Replace("min", "minutes")}, {Otherwise}, is sealed by itself" },
        { Calls, $"is not reset within {Default("Batch:Limits:ResetWindow")} {Otherwise}" },
        { Calls, $"waits for their fate, for {Default("Batch:Limits:PageWait")} {Otherwise}" },
        { Calls, $"a page waits for {Default("Batch:Limits:PageWait")} at most" },
        { Calls, $"It may be as far ahead as everything but the responses is kept, {Hours("Batch:Retention:Metadata")} h {Otherwise}" },
        { Calls, $"among those of the same caller, {Priorities}: while" },
        { Calls, $"As in CreateBatchRequest: {Priorities}, {Priority} if unset." },
        { Calls, $"as many as a message may hold: {Default("Batch:Limits:SubmissionBytes")} {Otherwise}" },
        { Calls, $"1 to {Default("Batch:Limits:RequestsPerUpload")} requests and {Default("Batch:Limits:UploadBytes")} over all messages" },
        { Calls, $"1 to {Submitted}, none of which is a spawner" },
        { Calls, $"{Default("Batch:Limits:RequestsPerUpload")} and {Default("Batch:Limits:UploadBytes")} in the batch with all" },
        { Calls, $"An id that has not {Digits} is INVALID_ARGUMENT" },
        { Calls, $"At most {Default("Batch:Limits:RequestIds")} {Otherwise} (`Batch:Limits:RequestIds`)" },
        { Calls, $"at most {Default("Batch:Limits:PageBytes")} of response bodies {Otherwise}" },
        { Calls, $"Nothing has happened for a while, {Default("Batch:StreamHeartbeat")} {Otherwise}" },
        { Calls, $"exactly as the API sent it; at most {MiB(Server, "Services.BatchRpcService", "MaxChunkBytes")}" },
        { Calls, $"The most batches to return; {Listed} if unset or 0. More than {MostListed}, or what" },
        { Calls, $"the newest of them, {Listed} if unset or 0. More than {MostListed}, or what" },
        { Contract, $"{Of(Engine, "Model.IdCodec", "Length")} decimal digits, below 2^53" },
        { Contract, $"of the same caller, {Priorities}: higher ones go first. {Priority} unless" },
        { Contract, $"params have {Default("Batch:Limits:PathLength")} characters together at most" },
        { Contract, $"at most {KeyBytes} bytes in UTF-8 {Otherwise}" },
        { Contract, $"At most {Default("Batch:Limits:DependenciesPerRequest")}, and {Default("Batch:Limits:DependenciesPerBatch")} in a batch, {Otherwise}" },
        { Contract, $"has the status {Unmet} and DEPENDENCY_FAILED" },
        { Contract, $"ends the request with the status {Failure.ReferenceNotFound.StatusCode()} and REFERENCE_NOT_FOUND" },
        { Contract, $"At most {Default("Batch:Limits:ItemsPerForEach")} elements, {Otherwise}" },
        { Contract, $"configured for, {Default("Batch:Limits:PagesPerSpawner")} by default" },
        { Contract, $"Items to ask for in a page, at least 1. {Default("Batch:Upstreams:N:Pagination:PageSize")} by default" },
        { Contract, $"{Failure.UpstreamTimeout.StatusCode()} (timed out), {Failure.Cancelled.StatusCode()} (cancelled), {Unmet} (not sent because of others)" },
        { KeyedCalls, $"({Default("Batch:Keyed:Timeout")} {Otherwise})" },
        { KeyedCalls, $"with `async` 1 to {Default("Batch:Limits:RequestsPerBatch")}, each key once" },
        { KeyedCalls, $"ones of more than {KeyBytes} bytes {Otherwise}" },
        { V0Calls, $"at most {Hours("Batch:Retention:Metadata")} h ahead, {Otherwise}" },
        { V0Calls, $"of the same caller, {Priorities}: higher ones go first. {Priority} if unset." },
        { V0Calls, $"The most batches to return, {Listed} if unset or 0; more than {MostListed} counts as {MostListed}." },
        { V0Calls, $"At most {Default("Batch:Limits:RequestIds")} ids: returns these requests" },
        { Hooks, $"at most {Default("Batch:Webhooks:UrlLength")} characters {Otherwise}" },
        { "protos/batch/v1/operations_service.proto", $"The most owners to return; {Of(Engine, "Lifecycle.OperatorDesk", "DefaultOwners")} if unset or 0. More than {Number(Of(Engine, "Lifecycle.OperatorDesk", "MaxOwners")):N0} counts as" },
        { "protos/batch/openai/v1/openai_batch_service.proto", $"more than {Of(Rest, "OpenAi.OpenAiService", "MaxBatches")} counts as {Of(Rest, "OpenAi.OpenAiService", "MaxBatches")}, a negative number is a 400. {Of(Rest, "OpenAi.OpenAiService", "DefaultBatches")} if unset or 0." },
        { "protos/batch/openai/v1/openai_batch_service.proto", $"more than {Number(Of(Rest, "OpenAi.OpenAiService", "MaxFiles")):N0} counts as {Number(Of(Rest, "OpenAi.OpenAiService", "MaxFiles")):N0}, a" },
        { "protos/batch/anthropic/v1/message_batch_service.proto", $"more than {Number(Of(Rest, "Anthropic.AnthropicService", "MaxBatches")):N0} counts as {Number(Of(Rest, "Anthropic.AnthropicService", "MaxBatches")):N0}, a negative number is a 400. {Of(Rest, "Anthropic.AnthropicService", "DefaultBatches")} if unset or 0." },
        { "docs/page.md", $"The newest {Script("batches.js", "PAGE")} change" },
        { "docs/page.md", $"of at most {Script("retry.js", "REQUESTS_PER_BATCH"):N0} requests" },
        { "docs/page.md", $"(the last {Script("retry.js", "MAX_KEPT")} batches)" },
    };

    [Theory]
    [MemberData(nameof(Phrases))]
    public void Phrase_MadeFromTheCode_StandsInItsPage(string page, string phrase)
    {
        var text = ReadProse(Path.Combine(Repository.Root, page));

        Assert.True(text.Contains(phrase, StringComparison.Ordinal), $"{page} does not say: {phrase}");
    }

    // As in "502 `PAGE_LIMIT`".
    [Fact]
    public void Statuses_BesideReasons_AreThoseOfTheReasons()
    {
        var known = Enum.GetValues<Failure>().Where(failure => failure != Failure.None).ToDictionary(failure => failure.Reason());
        var said = Directory.GetFiles(Path.Combine(Repository.Root, "docs"), "*.md").Append(Path.Combine(Repository.Root, "README.md"))
            .SelectMany(page => FindBesideReasons(File.ReadAllText(page)).Select(match => (Page: Path.GetFileName(page), match)))
            .Where(found => known.ContainsKey(found.match.Groups["reason"].Value))
            .ToArray();

        Assert.True(said.Length >= 5, $"The pages say only {said.Length} statuses beside reasons.");
        Assert.All(said, found => Assert.Equal(
            (found.Page, found.match.Groups["reason"].Value, known[found.match.Groups["reason"].Value].StatusCode()),
            (found.Page, found.match.Groups["reason"].Value, int.Parse(found.match.Groups["status"].Value, CultureInfo.InvariantCulture))));
    }

    /// <summary>The text of a page or a proto on one line, without the marks of comments.</summary>
    internal static string ReadProse(string path) => WhiteSpace().Replace(
        path.EndsWith(".proto", StringComparison.Ordinal) ? Comment().Replace(File.ReadAllText(path), " ") : File.ReadAllText(path), " ");

    /// <summary>Where a text says the status of a reason.</summary>
    internal static IEnumerable<Match> FindBesideReasons(string text) => BesideReason().Matches(text);

    // The host's patience, and the engine's for the last results behind it.
    private static double StopTime => Seconds(Of(Server, "BatchServer", "StopTime")) + Seconds(Of(Engine, "Hosting.BatchEngineHost", "CommitGrace"));

    private static TimeSpan Ping => Of<TimeSpan>(Server, "BatchServer", "PingDelay");

    private static T Of<T>(Assembly assembly, string type, string constant) => (T)Of(assembly, type, constant);

    private static string KiB(Assembly assembly, string type, string constant) => $"{Number(Of(assembly, type, constant)) / 1024} KiB";

    private static string MiB(Assembly assembly, string type, string constant) => $"{Number(Of(assembly, type, constant)) / 1024 / 1024} MiB";

    private static string Default(string key) => OptionValues.SayDefault(Key(key));

    private static string Most(string key) => OptionValues.RangeOf(Key(key)).Split(" to ")[1];

    private static string Days(string key) => Most(key).Split(' ')[0];

    private static string Hours(string key) => Default(key).Split(' ') is [var days, "d"] ? $"{24 * int.Parse(days, CultureInfo.InvariantCulture)}" : Default(key).Split(' ')[0];

    private static KnownKey Key(string path) => KnownKey.All.Single(key => key.Path == path);

    // Constants that nobody else needs are private.
    private static object Of(Assembly assembly, string type, string constant)
    {
        var found = assembly.GetType($"{assembly.GetName().Name}.{type}", throwOnError: true)!
            .GetField(constant, BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic);
        Assert.True(found is not null, $"{type} has no {constant}.");
        return found.GetValue(null)!;
    }

    private static long Number(object value) => Convert.ToInt64(value, CultureInfo.InvariantCulture);

    private static double Seconds(object value) => ((TimeSpan)value).TotalSeconds;

    private static string Word(long number) => number switch
    {
        2 => "two",
        3 => "three",
        4 => "four",
        _ => $"{number}",
    };

    // A constant of the page, which has no other tests in C#.
    private static int Script(string file, string constant)
    {
        var text = File.ReadAllText(Path.Combine(Repository.Root, "src", "Batching.Server", "Pages", "app", file));
        var match = Regex.Match(text, $@"const {constant} = (?<value>\d+);", RegexOptions.ExplicitCapture);
        Assert.True(match.Success, $"{file} has no {constant}.");
        return int.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"\b(?<status>[45]\d\d) `(?<reason>[A-Z_]{4,})`")]
    private static partial Regex BesideReason();

    [GeneratedRegex("^ *//", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace();
}
