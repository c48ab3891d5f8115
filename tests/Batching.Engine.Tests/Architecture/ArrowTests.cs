using System.Text.RegularExpressions;
using System.Xml.Linq;
using Batching.Engine.Hosting;
using Batching.Engine.Tests.Infrastructure;

namespace Batching.Engine.Tests.Architecture;

/// <summary>Projects, and the folders of the engine, use each other in one direction only, see <c>docs/architecture.md</c>.</summary>
public sealed partial class ArrowTests
{
    private const string Engine = "Batching.Engine";

    // From the top to the bottom. A folder uses others below it only, and of those the ones that are named.
    private static readonly (string Folder, string[] Uses)[] Folders =
    [
        ("Hosting", [
            "Detection", "Drafts", "Files", "Keyed", "Lifecycle", "Submission", "Webhooks", "Delivery", "Scheduling", "Spawning",
            "Committing", "References", "Running", "Upstreams", "Quotas", "Telemetry", "Storage"]),
        ("Detection", ["Keyed", "Submission", "Spawning", "Running", "Upstreams", "Quotas", "Model", "Configuration", "Content"]),
        ("Keyed", ["Submission", "Scheduling", "Upstreams", "Dependencies", "Quotas", "Telemetry", "Model", "Configuration", "Content"]),
        // Submits what it has read as an upload does, and shows what becomes of it.
        ("Drafts", ["Delivery", "Submission", "Webhooks", "Quotas", "Storage", "Model", "Configuration"]),
        ("Files", ["Quotas", "Storage", "Model"]),
        ("Lifecycle", ["Delivery", "Scheduling", "Committing", "Running", "Dependencies", "Quotas", "Storage", "Model"]),
        ("Submission", [
            "Webhooks", "Delivery", "Scheduling", "Spawning", "Committing", "References", "Running", "Upstreams", "Dependencies", "Quotas",
            "Telemetry", "Storage", "Model", "Configuration", "Content"]),
        ("Webhooks", [
            "Delivery", "Committing", "Running", "Upstreams", "Telemetry", "Storage", "Model", "Configuration", "Content"]),
        ("Delivery", ["Committing", "Running", "Quotas", "Telemetry", "Storage", "Model", "Configuration", "Content"]),
        ("Scheduling", [
            "Spawning", "Committing", "References", "Running", "Upstreams", "Dependencies", "Quotas", "Telemetry", "Storage", "Model",
            "Configuration", "Content"]),
        ("Spawning", ["Running", "Upstreams", "Quotas", "Storage", "Model", "Configuration", "Content"]),
        ("Committing", ["Running", "Telemetry", "Storage", "Model", "Configuration"]),
        ("References", ["Running", "Upstreams", "Dependencies", "Storage", "Model", "Configuration", "Content"]),
        ("Running", ["Dependencies", "Storage", "Model"]),
        ("Upstreams", ["Quotas", "Telemetry", "Storage", "Model", "Configuration", "Content"]),
        ("Dependencies", ["Quotas", "Storage", "Model"]),
        ("Quotas", ["Telemetry", "Storage", "Model", "Configuration"]),
        ("Telemetry", ["Storage", "Model"]),
        ("Storage", ["Model", "Configuration"]),
        ("Model", ["Content"]),
        ("Configuration", ["Content"]),
        ("Content", []),
    ];

    private static readonly (string Project, string[] Uses)[] Projects =
    [
        ("Batching.Server", ["Batching.Rest", "Batching.SampleApi", "Batching.SharedPort", "Batching.Storage.Postgres", "Batching.Storage.Sqlite"]),
        ("Batching.Cli", ["Batching.Client"]),
        ("Batching.Client", ["Batching.Contracts"]),
        ("Batching.Rest", [Engine]),
        ("Batching.Storage.Postgres", [Engine]),
        ("Batching.Storage.Sqlite", [Engine]),
        (Engine, ["Batching.Contracts"]),
        ("Batching.SampleApi", []),
        ("Batching.SharedPort", []),
        ("Batching.Contracts", []),
    ];

    // What is compiled, and what the sources name: constants leave no trace in the first, and full names none in the second.
    [Fact]
    public void Folders_Uses_AreThoseOfTheTable() => AssertSame(Folders, FindUses(
    [
        .. typeof(BatchEngineServices).Assembly.GetTypes()
            .SelectMany(type => TypeUses.Of(type).Select(used => (FolderOf(type), FolderOf(used)))),
        .. Sources().SelectMany(file => Usings().Matches(File.ReadAllText(file.Path))
            .Select(match => ((string?)file.Folder, (string?)match.Groups[1].Value))),
    ]));

    [Fact]
    public void Folders_Table_GoesDownOnly() => AssertGoesDown(Folders);

    [Fact]
    public void Folders_Sources_StandInTheNamespaceOfTheirFolder() => Assert.All(Sources(), file => Assert.Contains(
        $"namespace {Engine}.{file.Folder};", File.ReadAllText(file.Path), StringComparison.Ordinal));

    [Fact]
    public void Projects_References_AreThoseOfTheTable()
    {
        AssertSame(Projects, FindUses(Directory.GetFiles(Source(""), "*.csproj", SearchOption.AllDirectories)
            .SelectMany(file => XDocument.Load(file).Descendants("ProjectReference")
                .Select(reference => (string?)Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value))
                .Select(used => ((string?)Path.GetFileNameWithoutExtension(file), used)))));
        AssertGoesDown(Projects);
    }

    [Fact]
    public void Engine_References_AreNeitherWebNorDatabase() => Assert.DoesNotContain(
        typeof(BatchEngineServices).Assembly.GetReferencedAssemblies().Select(assembly => assembly.Name!),
        name => ForbiddenInEngine().IsMatch(name));

    private static void AssertSame((string From, string[] Uses)[] table, SortedSet<string> found)
    {
        string[] allowed = [.. table.SelectMany(row => row.Uses.Select(used => $"{row.From} -> {used}"))];
        Assert.Equal(("", ""), (string.Join(", ", found.Except(allowed)), string.Join(", ", allowed.Except(found))));
    }

    private static void AssertGoesDown((string From, string[] Uses)[] table)
    {
        var order = table.Select(row => row.From).ToList();
        Assert.All(table, row => Assert.All(row.Uses, used => Assert.True(
            order.IndexOf(used) > order.IndexOf(row.From), $"{row.From} -> {used} goes up.")));
    }

    private static SortedSet<string> FindUses(IEnumerable<(string? From, string? To)> uses) => new(
        uses.Where(use => use.From is not null && use.To is not null && use.From != use.To).Select(use => $"{use.From} -> {use.To}"),
        StringComparer.Ordinal);

    // Null for what the compiler adds, and for other assemblies.
    private static string? FolderOf(Type type) =>
        type.Assembly == typeof(BatchEngineServices).Assembly && type.Namespace?.StartsWith($"{Engine}.", StringComparison.Ordinal) == true
            ? type.Namespace[(Engine.Length + 1)..]
            : null;

    private static IEnumerable<(string Folder, string Path)> Sources() => Directory.GetDirectories(Source(Engine))
        .Where(folder => Path.GetFileName(folder) is not ("bin" or "obj"))
        .SelectMany(folder => Directory.GetFiles(folder, "*.cs").Select(file => (Path.GetFileName(folder), file)));

    private static string Source(string project) => Path.Combine(Repository.Root, "src", project);

    [GeneratedRegex(@"^using (?:static )?Batching\.Engine\.(\w+)", RegexOptions.Multiline)]
    private static partial Regex Usings();

    [GeneratedRegex(@"^(Microsoft\.AspNetCore|Microsoft\.Data|System\.Data|Grpc\.|Npgsql|SQLite)")]
    private static partial Regex ForbiddenInEngine();
}
