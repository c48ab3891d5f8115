using System.Net.Http.Headers;
using System.Text;

namespace Grpc.JsonTranscoding.Tests.Infrastructure;

/// <summary>One server for all cases of a table.</summary>
public sealed class ServerFixture : IAsyncLifetime
{
    internal TestServer Server { get; private set; } = null!;

    public async Task InitializeAsync() => Server = await TestServer.StartAsync();

    public async Task DisposeAsync()
    {
        await Server.DisposeAsync();
        Assert.Empty(Server.Log.Entries);
    }

    /// <summary>Sends a request with its target exactly as given, and reads the whole reply.</summary>
    internal async Task<(int Status, string Body)> SendAsync(
        string method, string target, string? body = null, string? contentType = "application/json", bool http2 = false)
    {
        var client = http2 ? Server.Http2 : Server.Http1;
        using var request = new HttpRequestMessage(new HttpMethod(method), Target(client.BaseAddress!, target));
        request.Version = client.DefaultRequestVersion;
        request.VersionPolicy = client.DefaultVersionPolicy;
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.ContentType = contentType is null ? null : MediaTypeHeaderValue.Parse(contentType);
        }

        using var response = await client.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>A target that the client doesn't tidy up.</summary>
    internal static Uri Target(Uri address, string target) => new(
        address.GetLeftPart(UriPartial.Authority) + target,
        new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
}
