using System.Collections.Concurrent;
using Batching.Interop.Tests.Proxies;

namespace Batching.Interop.Tests;

/// <summary>Finds what clients in other languages need.</summary>
internal static class Tools
{
    /// <summary>Not the first <c>python3</c> of the path: the packages belong to Debian's.</summary>
    public const string Python = "/usr/bin/python3";

    /// <summary>Generates stubs of gRPC for Python.</summary>
    public const string PythonPlugin = "/usr/bin/grpc_python_plugin";

    /// <summary>Checks units.</summary>
    public const string SystemdAnalyze = "/usr/bin/systemd-analyze";

    /// <summary>The programs of the proxies, whatever the path: that of a user often lacks the first two.</summary>
    public static readonly IReadOnlyDictionary<ProxyKind, string> Proxies = new Dictionary<ProxyKind, string>
    {
        [ProxyKind.Nginx] = "/usr/sbin/nginx",
        [ProxyKind.HaProxy] = "/usr/sbin/haproxy",
        [ProxyKind.Caddy] = "/usr/bin/caddy",
    };

    private static readonly ConcurrentDictionary<Tool, string?> Missing = new();

    public static string Buf { get; } = Path.Combine(Folders.Interop, "tools", "node_modules", ".bin", "buf");

    /// <summary>The model server, built.</summary>
    public static string EmbeddingServer { get; } =
        Path.Combine(Folders.Interop, "embeddings", "bin", "Debug", "net10.0", "Embeddings.dll");

    public static string Redocly { get; } = Path.Combine(Folders.Interop, "openapi", "node_modules", ".bin", "redocly");

    /// <summary>Why a test with these needs is not to run; null if it is.</summary>
    public static string? WhySkip(IEnumerable<Tool> needed) =>
        Environment.GetEnvironmentVariable("INTEROP_REQUIRED") == "1"
            ? null
            : needed.Select(tool => Missing.GetOrAdd(tool, Look)).FirstOrDefault(reason => reason is not null);

    private static string? Look(Tool tool) => tool switch
    {
        Tool.Node => Runs("node", "-e", "process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)")
            ? null
            : "needs Node.js 20 or later",
        Tool.NodePackages => Directory.Exists(Path.Combine(Folders.Interop, "batch", "node_modules", "@grpc"))
            ? null
            : "needs Node packages: npm ci in tests/Interop/batch",
        Tool.DeskproPackages => Directory.Exists(Path.Combine(Folders.Interop, "deskpro", "node_modules", "@deskpro"))
            ? null
            : "needs Node packages: npm ci in tests/Interop/deskpro",
        Tool.OpenAiPackages => Directory.Exists(Path.Combine(Folders.Interop, "openai", "node_modules", "openai"))
            ? null
            : "needs Node packages: npm ci in tests/Interop/openai",
        Tool.AnthropicPackages => Directory.Exists(Path.Combine(Folders.Interop, "anthropic", "node_modules", "@anthropic-ai"))
            ? null
            : "needs Node packages: npm ci in tests/Interop/anthropic",
        Tool.EmbeddingServer => File.Exists(EmbeddingServer) ? null : "needs a model server: dotnet build tests/Interop/embeddings",
        Tool.Python => Runs(Python, "-c", "import grpc, google.protobuf") && Runs("protoc", "--version")
            ? null
            : "needs the Debian packages python3-grpcio, python3-protobuf, protobuf-compiler and libprotobuf-dev",
        Tool.PythonStubs => File.Exists(PythonPlugin) ? null : "needs the Debian package protobuf-compiler-grpc",
        Tool.Jq => Runs("jq", "--version") ? null : "needs the Debian package jq",
        Tool.Go => Await(GoClient.WhyMissingAsync),
        Tool.Buf => File.Exists(Buf) ? null : "needs buf: npm ci in tests/Interop/tools",
        Tool.RabbitMq => File.Exists("/usr/lib/rabbitmq/bin/rabbitmq-server") && Runs(Python, "--version")
            ? null
            : "needs the Debian packages rabbitmq-server and python3",
        Tool.Proxies => Proxies.Values.All(File.Exists) ? null : "needs the Debian packages nginx-light, haproxy and caddy",
        Tool.JsonServer => Directory.Exists(Path.Combine(Folders.Interop, "json-server", "node_modules", "json-server"))
            ? null
            : "needs Node packages: npm ci in tests/Interop/json-server",
        Tool.PouchDbServer => Directory.Exists(Path.Combine(Folders.Interop, "pouchdb", "node_modules", "pouchdb-server"))
            ? null
            : "needs Node packages: npm ci in tests/Interop/pouchdb",
        Tool.DockerRegistry => File.Exists("/usr/bin/docker-registry") ? null : "needs the Debian package docker-registry",
        Tool.Etcd => File.Exists("/usr/bin/etcd") ? null : "needs the Debian package etcd-server",
        Tool.Nats => File.Exists("/usr/sbin/nats-server") ? null : "needs the Debian package nats-server",
        Tool.DjangoRestFramework => Runs(Python, "-c", "import rest_framework")
            ? null
            : "needs the Debian package python3-djangorestframework",
        Tool.Curl => Runs("curl", "--version") && Runs("bash", "--version") ? null : "needs curl and bash",
        Tool.Systemd => File.Exists(SystemdAnalyze) ? null : "needs the Debian package systemd",
        Tool.Redocly => File.Exists(Redocly) ? null : "needs Redocly: npm ci in tests/Interop/openapi",
        _ => throw new ArgumentOutOfRangeException(nameof(tool)),
    };

    private static bool Runs(string name, params string[] arguments)
        => Await(() => ExternalProgram.RunAsync(name, arguments)).ExitCode == 0;

    // An attribute can't wait otherwise.
    private static T Await<T>(Func<Task<T>> start) => Task.Run(start).GetAwaiter().GetResult();
}
