using System.Security.Cryptography;

namespace Batching.Server.Tests.ScaleOut;

/// <summary>Gateways as processes of their own, on one database.</summary>
internal sealed class GatewayGroup : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly List<GatewayProcess> _gateways = [];
    private readonly PostgresServer _server;
    private readonly string _upstream;
    private readonly string _keyFile;

    /// <param name="api">The API behind them.</param>
    /// <param name="server">Where the database is; null for the server of the run.</param>
    public GatewayGroup(TestApi api, PostgresServer? server = null)
    {
        _server = server ?? PostgresServer.Shared;
        _upstream = api.Address;
        Database = _server.CreateDatabase();
        _keyFile = Path.Combine(_directory.FullName, "master.key");
        File.WriteAllBytes(_keyFile, RandomNumberGenerator.GetBytes(32));
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_keyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    /// <summary>The name of the database.</summary>
    public string Database { get; }

    /// <summary>The lease of the gateways that are started.</summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(6);

    /// <summary>Whether they share the work; else one is active at a time.</summary>
    public bool Sharing { get; set; } = true;

    /// <summary>More settings of the gateways that are started.</summary>
    public IReadOnlyList<(string Key, string Value)> Settings { get; set; } = [];

    /// <summary>Starts a gateway and waits until it listens.</summary>
    public async Task<GatewayProcess> StartAsync()
    {
        IEnumerable<(string, string)> upstream =
            Settings.Any(setting => setting.Key.StartsWith("Batch:Upstreams", StringComparison.Ordinal)) ? [] : [("Batch:Upstream", _upstream)];
        var gateway = await GatewayProcess.StartAsync(
            [
                .. upstream,
                ("Batch:DataDirectory", ""),
                ("Batch:Store:Postgres", _server.ConnectionString(Database)),
                ("Batch:Store:MasterKeyFile", _keyFile),
                ("Batch:Store:Lease", Lease.ToString("c")),
                ("Batch:Store:Sharing", Sharing ? "true" : "false"),
                .. Settings,
            ]);
        _gateways.Add(gateway);
        return gateway;
    }

    /// <summary>Waits until a gateway is the active one.</summary>
    public static Task WaitUntilActiveAsync(GatewayProcess gateway) => Eventually.BeTrueAsync(
        async () => (await gateway.Rest.GetAsync("/healthz")).Status == 200, "the gateway is active");

    public void Dispose()
    {
        _gateways.ForEach(gateway => gateway.Dispose());
        _directory.Dispose();
    }
}
