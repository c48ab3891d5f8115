using Batching.Server.Tests.Keyed;

namespace Batching.Server.Tests.Graph;

/// <summary>One gateway that serves the batches of Graph, and one API.</summary>
public sealed class GraphFixture : IAsyncLifetime
{
    public KeyedApi Api { get; private set; } = null!;

    public GraphCaller Gateway { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Api = await KeyedApi.StartAsync();
        Api.Map("/v1.0/text", 200, "text/plain; charset=utf-8", "a \"text\" with ünïcode")
            .Map("/v1.0/json", 200, "application/json; charset=utf-8", """{"id":12345678901234567890,  "x":1.50}""")
            .Map("/v1.0/none", 400, "application/json", """{"error":{}}""")
            .Map("/v1.0/elsewhere", context =>
            {
                context.Response.StatusCode = 302;
                context.Response.Headers.Location = "/v1.0/text";
                return Task.CompletedTask;
            })
            .Map("/v1.0/bytes", context => KeyedApi.AnswerAsync(context, 200, "application/octet-stream", [0xFB, 0xFF, 0]));
        Gateway = await GraphCaller.StartAsync(Api.Address);
    }

    public async Task DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await Api.DisposeAsync();
    }
}
