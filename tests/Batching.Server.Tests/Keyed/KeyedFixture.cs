namespace Batching.Server.Tests.Keyed;

/// <summary>One gateway with the default settings, and one API that answers as the examples of the documentation have it.</summary>
public sealed class KeyedFixture : IAsyncLifetime
{
    /// <summary>A PNG of one pixel.</summary>
    public const string Png =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    public KeyedApi Api { get; private set; } = null!;

    public KeyedGateway Gateway { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Api = await KeyedApi.StartAsync();
        Api.Map("/api/tickets", 201, "application/json", """{"title":"new-ticket"}""")
            .Map("/api/people/1", 404, "application/json", """{"status":404,"code":"not_found","message":"No such person"}""")
            .Map("/api/img/1.png", context =>
                KeyedApi.AnswerAsync(context, 200, "image/png", Convert.FromBase64String(Png)))
            .Map("/api/parts", 200, "application/json; charset=utf-8", """[{"id":12345678901234567890,"x":1.50},  {"id":2}]""")
            .Map("/api/v2/ticket_stars", 200, "application/json",
                """{"data":[{"id":1,"name":"gold"}],"meta":{"count":1},"linked":{}}""")
            .Map("/api/v2/ticket_departments", 200, "application/json", """{"data":[{"id":7}],"meta":{},"linked":{}}""")
            .Map("/api/v2/tickets", 200, "application/json", """{"data":[],"meta":{"page":2}}""")
            .Map("/text", 200, "text/plain; charset=utf-8", "a \"text\" with ünïcode")
            .Map("/empty", context => { context.Response.StatusCode = 204; return Task.CompletedTask; })
            .Map("/own-names", 200, "application/json", """{"headers":{"a":1},"data":[1],"h\u0065llo":"w\u00f6rld"}""")
            .Map("/clash", context =>
            {
                context.Response.Headers["Status-Code"] = "999";
                context.Response.Headers["Set-Cookie"] = "a=b";
                return KeyedApi.AnswerAsync(context, 200, "application/json", "{}"u8.ToArray());
            });
        Gateway = await KeyedGateway.StartAsync(Api.Address);
    }

    public async Task DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await Api.DisposeAsync();
    }
}
