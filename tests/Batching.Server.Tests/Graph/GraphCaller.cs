using System.Net;
using System.Text;
using System.Text.Json;
using Batching.Server.Tests.Keyed;

namespace Batching.Server.Tests.Graph;

/// <summary>A gateway that serves the batches of Graph, with a caller.</summary>
public sealed class GraphCaller : IAsyncDisposable
{
    private readonly KeyedGateway _gateway;

    private GraphCaller(KeyedGateway gateway) => _gateway = gateway;

    public HttpClient Client => _gateway.Client;

    public static async Task<GraphCaller> StartAsync(string upstream, params string[] settings) =>
        new(await KeyedGateway.StartAsync(upstream, ["Batch:Dialects:Graph:Enabled=true", .. settings]));

    /// <summary>Sends a body, and reads the reply.</summary>
    public async Task<JsonElement> PostAsync(string body, HttpStatusCode expected = HttpStatusCode.OK, string path = "/v1.0/$batch")
    {
        using var response = await Client.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"));
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == expected, $"{(int)response.StatusCode} {text}");
        Assert.Equal("application/json", response.Content.Headers.ContentType?.ToString());
        return JsonDocument.Parse(text).RootElement;
    }

    /// <summary>Sends requests, and returns their responses by id.</summary>
    public async Task<Dictionary<string, JsonElement>> RunAsync(params string[] requests)
    {
        var reply = await PostAsync($$"""{"requests":[{{string.Join(',', requests)}}]}""");
        return reply.GetProperty("responses").EnumerateArray().ToDictionary(one => one.GetProperty("id").GetString()!);
    }

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();
}
