using System.Net;
using System.Text;

namespace Batching.Server.Tests.Keyed;

/// <summary>A gateway with a caller of its keyed batches. It must not have logged any error when it is disposed.</summary>
public sealed class KeyedGateway : IAsyncDisposable
{
    public const string BatchPath = "/api/v2/batch";

    private readonly GatewayProcess _process;

    private KeyedGateway(GatewayProcess process)
    {
        _process = process;
        Client = new HttpClient { BaseAddress = new Uri(process.Address) };
    }

    public string Address => _process.Address;

    public HttpClient Client { get; }

    /// <summary>Starts a gateway in front of an API and waits until it serves.</summary>
    /// <param name="upstream">The address of the API.</param>
    /// <param name="settings">Further settings, as in <c>Batch:Keyed:Calls=2</c>.</param>
    public static async Task<KeyedGateway> StartAsync(string upstream, params string[] settings) =>
        new(await GatewayProcess.StartAsync(Read(upstream, settings)));

    /// <summary>Starts a gateway that must refuse to start, and returns what it says.</summary>
    public static async Task<string> FailToStartAsync(string upstream, params string[] settings)
    {
        using var gateway = GatewayProcess.Launch(Read(upstream, settings));
        Assert.NotEqual(0, await gateway.WaitForExitAsync());
        return gateway.Output;
    }

    /// <summary>Runs a batch, and returns the reply as it came.</summary>
    public async Task<string> PostAsync(string json, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var response = await Client.PostAsync(BatchPath, new StringContent(json, Encoding.UTF8));
        return await ReadAsync(response, expected);
    }

    /// <summary>Runs a batch that is in the query.</summary>
    public async Task<string> GetAsync(string query, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var response = await Client.GetAsync(BatchPath + query);
        return await ReadAsync(response, expected);
    }

    /// <summary>Tells it to stop, as an operator does.</summary>
    public Task BeginStopAsync() => _process.TerminateAsync();

    public async ValueTask DisposeAsync()
    {
        using (_process)
        {
            Client.Dispose();
            if (!_process.HasExited)
            {
                await BeginStopAsync();
                await _process.WaitForExitAsync();
            }

            _process.AssertNoErrors();
        }
    }

    private static Dictionary<string, string> Read(string upstream, string[] settings) => settings
        .Select(setting => setting.Split('=', 2))
        .ToDictionary(parts => parts[0], parts => parts[1])
        .Append(new("Batch:Upstreams:0:BaseAddress", upstream))
        .ToDictionary();

    private static async Task<string> ReadAsync(HttpResponseMessage response, HttpStatusCode expected)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == expected, $"{(int)response.StatusCode} {text}");
        Assert.Equal("application/json", response.Content.Headers.ContentType?.ToString());
        return text;
    }
}
