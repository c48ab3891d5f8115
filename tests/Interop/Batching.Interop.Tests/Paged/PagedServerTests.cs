using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Batching.Interop.Tests.Paged;

/// <summary>Spawners against the pages of servers that others wrote: 250 items, each once.</summary>
public sealed class PagedServerTests
{
    private const int Count = 250;

    [InteropFact(Tool.JsonServer)]
    public async Task JsonServer_WithAPageInThePath_TellsByItself()
    {
        using var server = await PagedServer.StartAsync("/items/0", (port, folder) =>
        {
            var file = Path.Combine(folder.FullName, "db.json");
            File.WriteAllText(file, JsonSerializer.Serialize(new { items = Numbers().Select(id => new { id }) }));
            return new ProcessStartInfo(
                Path.Combine(Folders.Interop, "json-server", "node_modules", ".bin", "json-server"),
                ["--host", "127.0.0.1", "--port", Text(port), "--quiet", file]);
        });

        await AssertWalkAsync(server.Address, new { path = "items?_page=1", spawner = true }, Ids);
    }

    [InteropFact(Tool.PouchDbServer)]
    public async Task PouchDbServer_AllDocs_ByItsPreset()
    {
        using var server = await PagedServer.StartAsync("/", (port, folder) => new ProcessStartInfo(
            Path.Combine(Folders.Interop, "pouchdb", "node_modules", ".bin", "pouchdb-server"),
            ["--host", "127.0.0.1", "--port", Text(port), "--in-memory", "--no-stdout-logs", "--no-color"]));
        using var made = await server.Http.PutAsync(new Uri("/db", UriKind.Relative), null);
        using var filled = await server.Http.PostAsJsonAsync(
            "/db/_bulk_docs", new { docs = Numbers().Select(id => new { _id = Key(id) }) });
        Assert.True(filled.IsSuccessStatusCode);

        await AssertWalkAsync(
            server.Address,
            new { path = "db/_all_docs", spawner = true, pagination = "couchdb" },
            page => page.GetProperty("rows").EnumerateArray().Select(row => Number(row.GetProperty("id").GetString()!)));
    }

    [InteropFact]
    public async Task OData_ServerDrivenPages_TellByThemselves()
    {
        await using var server = await ODataServer.StartAsync(Count);

        await AssertWalkAsync(
            server.Address,
            new { path = "odata/Items", spawner = true },
            page => page.GetProperty("value").EnumerateArray().Select(item => item.GetProperty("Id").GetInt32()));
    }

    [InteropFact(Tool.DockerRegistry)]
    public async Task DockerRegistry_Catalog_TellsByItself()
    {
        using var server = await PagedServer.StartAsync("/v2/", (port, folder) =>
        {
            foreach (var number in Numbers())
            {
                folder.CreateSubdirectory($"docker/registry/v2/repositories/{Key(number)}/_layers");
            }

            var file = Path.Combine(folder.FullName, "config.yml");
            File.WriteAllText(
                file,
                $"version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {folder.FullName}\nhttp:\n  addr: 127.0.0.1:{Text(port)}\n");
            return new ProcessStartInfo("docker-registry", ["serve", file]);
        });

        await AssertWalkAsync(
            server.Address,
            new { path = "v2/_catalog", spawner = true },
            page => page.GetProperty("repositories").EnumerateArray().Select(name => Number(name.GetString()!)));
    }

    [InteropFact(Tool.Etcd)]
    public async Task Etcd_Range_ByItsPreset()
    {
        var peer = FreePort.Find();
        using var server = await PagedServer.StartAsync("/health", (port, folder) => new ProcessStartInfo("etcd",
        [
            "--data-dir", folder.FullName, "--unsafe-no-fsync",
            "--listen-client-urls", $"http://127.0.0.1:{Text(port)}", "--advertise-client-urls", $"http://127.0.0.1:{Text(port)}",
            "--listen-peer-urls", $"http://127.0.0.1:{Text(peer)}", "--initial-advertise-peer-urls", $"http://127.0.0.1:{Text(peer)}",
            "--initial-cluster", $"default=http://127.0.0.1:{Text(peer)}",
        ]));
        foreach (var numbers in Numbers().Chunk(100))
        {
            using var put = await server.Http.PostAsJsonAsync("/v3/kv/txn", new
            {
                success = numbers.Select(number => new { requestPut = new { key = Base64(Key(number)), value = "" } }),
            });
            Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());
        }

        await AssertWalkAsync(
            server.Address,
            new
            {
                path = "v3/kv/range",
                method = "POST",
                body = new { key = Base64("item"), range_end = Base64("iten"), limit = 100 },
                spawner = true,
                pagination = "etcd",
            },
            page => page.GetProperty("kvs").EnumerateArray().Select(
                pair => Number(Encoding.ASCII.GetString(pair.GetProperty("key").GetBytesFromBase64()))));
    }

    [InteropFact(Tool.Nats)]
    public async Task Nats_Connections_ByOffset()
    {
        var clients = new List<TcpClient>();
        var clientPort = FreePort.Find();
        using var server = await PagedServer.StartAsync("/healthz", (port, _) => new ProcessStartInfo(
            "/usr/sbin/nats-server", ["-a", "127.0.0.1", "-p", Text(clientPort), "-m", Text(port)]));
        try
        {
            foreach (var number in Numbers())
            {
                var client = new TcpClient();
                clients.Add(client);
                await client.ConnectAsync("127.0.0.1", clientPort);
                var stream = client.GetStream();
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"CONNECT {{\"name\":\"{Key(number)}\"}}\r\nPING\r\n"));
                using var reader = new StreamReader(stream, leaveOpen: true);
                while (await reader.ReadLineAsync() is { } line && line != "PONG")
                {
                    // What the server says of itself.
                }
            }

            await AssertWalkAsync(
                server.Address,
                new
                {
                    path = "connz",
                    spawner = true,
                    pagination = new { style = "offset", total_pointer = "/total", items_pointer = "/connections" },
                },
                page => page.GetProperty("connections").EnumerateArray().Select(
                    connection => Number(connection.GetProperty("name").GetString()!)));
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    [InteropTheory(Tool.DjangoRestFramework)]
    [InlineData("pages/")]
    [InlineData("offsets/")]
    public async Task DjangoRestFramework_Lists_TellByThemselves(string path)
    {
        using var server = await PagedServer.StartAsync("/pages/", (port, _) => new ProcessStartInfo(
            Tools.Python, [Path.Combine(Folders.Interop, "drf", "server.py"), Text(port)]));

        await AssertWalkAsync(
            server.Address,
            new { path, spawner = true },
            page => page.GetProperty("results").EnumerateArray().Select(item => item.GetProperty("id").GetInt32()));
    }

    private static async Task AssertWalkAsync(string address, object spawner, Func<JsonElement, IEnumerable<int>> itemsOf)
    {
        using var gateway = new WalkingGateway(address);
        await gateway.InitializeAsync();
        try
        {
            var pages = await gateway.WalkAsync(spawner);

            Assert.InRange(pages.Count, 2, int.MaxValue);
            Assert.Equal(Numbers(), pages.SelectMany(itemsOf).Order());
        }
        finally
        {
            await gateway.DisposeAsync();
        }
    }

    private static IEnumerable<int> Ids(JsonElement page) =>
        page.EnumerateArray().Select(item => item.GetProperty("id").GetInt32());

    private static IEnumerable<int> Numbers() => Enumerable.Range(0, Count);

    private static string Key(int number) => string.Create(CultureInfo.InvariantCulture, $"item{number:000}");

    private static int Number(string key) => int.Parse(key.AsSpan("item".Length), CultureInfo.InvariantCulture);

    private static string Base64(string text) => Convert.ToBase64String(Encoding.ASCII.GetBytes(text));

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
