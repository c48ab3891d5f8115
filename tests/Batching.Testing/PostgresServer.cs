using System.Diagnostics;
using System.Globalization;

namespace Batching.Testing;

/// <summary>
/// A PostgreSQL server of the tests' own: Debian's programs, a fresh folder, a free port. One serves a whole run and is stopped at
/// its end; tests that stop a server start one for themselves.
/// </summary>
public sealed class PostgresServer : IDisposable
{
    private const string User = "batch";
    private const string ServerUser = "postgres";

    private static readonly Lazy<PostgresServer> OfTheRun = new(StartShared);

    private readonly TemporaryDirectory _directory = new();
    private readonly string _data;
    private readonly int _port = FreePort.Find();
    private int _databases;

    private PostgresServer()
    {
        // It refuses to run as root, and does not get into what belongs to root alone.
        _data = Path.Combine(_directory.FullName, "data");
        if (Environment.IsPrivilegedProcess)
        {
            Run("chown", ServerUser, _directory.FullName);
        }

        RunAsServer("initdb", "-D", _data, "-U", User, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions");
        Start();
    }

    /// <summary>Why tests that need it are not to run; null if they are.</summary>
    public static string? WhySkip { get; } =
        Environment.GetEnvironmentVariable("INTEROP_REQUIRED") == "1" || FindPrograms() is not null
            ? null
            : "needs the Debian package postgresql";

    /// <summary>The server of this run.</summary>
    public static PostgresServer Shared => OfTheRun.Value;

    /// <summary>Where it listens.</summary>
    public int Port => _port;

    private string Options => string.Create(
        CultureInfo.InvariantCulture,
        $"-p {_port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c shared_buffers=32MB -c max_connections=150");

    /// <summary>Starts a server for one test alone.</summary>
    public static PostgresServer StartOwn() => new();

    /// <summary>Creates a database.</summary>
    /// <param name="template">The database that it is a copy of; null for an empty one.</param>
    /// <returns>Its name.</returns>
    public string CreateDatabase(string? template = null)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"test_{Interlocked.Increment(ref _databases)}");
        Query("postgres", $"CREATE DATABASE {name}{(template is null ? "" : $" TEMPLATE {template}")}");
        return name;
    }

    /// <summary>The connection string of a database.</summary>
    /// <param name="database">Its name.</param>
    /// <param name="port">Another port, of something in between.</param>
    public string ConnectionString(string database, int? port = null) => string.Create(
        CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={port ?? _port};Username={User};Database={database}");

    /// <summary>Runs SQL and returns what it prints: a line for each row, columns between <c>|</c>.</summary>
    public string Query(string database, string sql) => Run(Program("psql"), [.. PsqlArguments(database), "-c", sql]).TrimEnd('\n');

    /// <summary>Everything that is in a database, as a backup has it.</summary>
    public string Dump(string database) => Run(
        Program("pg_dump"), "-h", "127.0.0.1", "-p", _port.ToString(CultureInfo.InvariantCulture), "-U", User, "--inserts", database);

    /// <summary>Starts SQL and lets it run.</summary>
    /// <param name="database">Where.</param>
    /// <param name="applicationName">The name that the server knows its connection by.</param>
    /// <param name="sql">The statements.</param>
    public Process StartQuery(string database, string applicationName, string sql)
    {
        var start = new ProcessStartInfo(Program("psql"), [.. PsqlArguments(database), "-c", sql])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment["PGAPPNAME"] = applicationName;
        return Process.Start(start)!;
    }

    /// <summary>Starts it, again if it was stopped.</summary>
    public void Start() => RunAsServer("pg_ctl", "-D", _data, "-l", Path.Combine(_directory.FullName, "log"), "-o", Options, "-w", "-s", "start");

    /// <summary>Stops it as a crash does: nothing is finished, nobody is told.</summary>
    public void StopImmediately() => RunAsServer("pg_ctl", "-D", _data, "-m", "immediate", "-w", "-s", "stop");

    public void Dispose()
    {
        if (File.Exists(Path.Combine(_data, "postmaster.pid")))
        {
            StopImmediately();
        }

        _directory.Dispose();
    }

    private static PostgresServer StartShared()
    {
        var server = new PostgresServer();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => server.Dispose();
        return server;
    }

    private static string? FindPrograms() => Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql")
            .Select(version => Path.Combine(version, "bin"))
            .Where(programs => File.Exists(Path.Combine(programs, "initdb")))
            .Order(StringComparer.Ordinal)
            .LastOrDefault()
        : null;

    private static string Program(string name) =>
        Path.Combine(FindPrograms() ?? throw new InvalidOperationException("The Debian package postgresql is missing."), name);

    private static void RunAsServer(string name, params string[] arguments)
    {
        if (Environment.IsPrivilegedProcess)
        {
            Run("setpriv", [$"--reuid={ServerUser}", $"--regid={ServerUser}", "--clear-groups", Program(name), .. arguments]);
        }
        else
        {
            Run(Program(name), arguments);
        }
    }

    // What it starts keeps its output open, so that only that of programs which end by themselves is read.
    private static string Run(string program, params string[] arguments)
    {
        var isServer = arguments.Contains("start");
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = "/",
            RedirectStandardOutput = !isServer,
            RedirectStandardError = !isServer,
        })!;
        var errors = isServer ? null : process.StandardError.ReadToEndAsync();
        var output = isServer ? "" : process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException(
                $"{program} {string.Join(' ', arguments)} has ended with {process.ExitCode}: {output}{errors?.GetAwaiter().GetResult()}");
    }

    private string[] PsqlArguments(string database) =>
    [
        "-h", "127.0.0.1", "-p", _port.ToString(CultureInfo.InvariantCulture), "-U", User, "-d", database, "-X", "-q", "-A", "-t",
        "-v", "ON_ERROR_STOP=1",
    ];
}
