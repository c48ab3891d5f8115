using System.Text.Json;
using Batching.Security.Tests.Infrastructure;
using Batching.Server;
using Batching.Server.Tests.Infrastructure;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Hosting;

namespace Batching.Security.Tests;

/// <summary>Connections to an API over TLS.</summary>
public sealed class UpstreamTlsTests
{
    private const string Tls = "--Batch:Upstreams:0:Tls";

    [Fact]
    public async Task Call_CertificateOfAnUnknownRoot_IsUnreachableAndSaysWhy()
    {
        await using var api = await TlsApi.StartAsync();

        var result = await CallAsync(api);

        AssertUnreachable(result, "errors in the certificate chain");
    }

    [Fact]
    public async Task Call_CertificateOfAPrivateRoot_IsTrustedWhereConfigured()
    {
        await using var api = await TlsApi.StartAsync();

        var result = await CallAsync(api, $"{Tls}:RootCertificates={api.RootFile}");

        AssertAnswered(result, "");
    }

    [Fact]
    public async Task Call_CertificateOfAnotherRoot_IsUnreachable()
    {
        await using var api = await TlsApi.StartAsync();
        await using var other = await TlsApi.StartAsync();

        AssertUnreachable(await CallAsync(api, $"{Tls}:RootCertificates={other.RootFile}"), "certificate");
    }

    [Fact]
    public async Task Call_CertificateOfAnotherHost_IsUnreachableThoughItsRootIsTrusted()
    {
        await using var api = await TlsApi.StartAsync(host: "elsewhere.test");

        var result = await CallAsync(api, $"{Tls}:RootCertificates={api.RootFile}");

        AssertUnreachable(result, "RemoteCertificateNameMismatch");
    }

    [Fact]
    public async Task Call_ApiThatDemandsACertificate_GetsTheOneConfigured()
    {
        await using var api = await TlsApi.StartAsync(ClientCertificateMode.RequireCertificate);
        var client = api.CreateClient("gateway");
        var root = $"{Tls}:RootCertificates={api.RootFile}";

        AssertAnswered(
            await CallAsync(api, root, $"{Tls}:ClientCertificate={client.Certificate}", $"{Tls}:ClientKey={client.Key}"),
            "CN=gateway");
        AssertAnswered(await CallAsync(api, root, $"{Tls}:ClientCertificate={client.Both}"), "CN=gateway");
        Assert.Equal(502, (await CallAsync(api, root)).GetProperty("responseStatusCode").GetInt32());
    }

    [Fact]
    public async Task Start_FilesThatCannotBeUsed_NamesEachKey()
    {
        await using var api = await TlsApi.StartAsync();
        var (client, other) = (api.CreateClient("one"), api.CreateClient("two"));
        var text = api.Write("text.pem", "no certificate");

        foreach (var (settings, key) in new[]
        {
            ([$"{Tls}:RootCertificates={text}"], "Batch:Upstreams:0:Tls:RootCertificates"),
            ([$"{Tls}:RootCertificates={text}.none"], "Batch:Upstreams:0:Tls:RootCertificates"),
            ([$"{Tls}:ClientCertificate={text}"], "Batch:Upstreams:0:Tls:ClientCertificate"),
            ([$"{Tls}:ClientCertificate={text}.none"], "Batch:Upstreams:0:Tls:ClientCertificate"),
            ([$"{Tls}:ClientCertificate={client.Certificate}"], "Batch:Upstreams:0:Tls:ClientCertificate"),
            ([$"{Tls}:ClientCertificate={client.Certificate}", $"{Tls}:ClientKey={other.Key}"], "Batch:Upstreams:0:Tls:ClientCertificate"),
            (new[] { $"{Tls}:ClientKey={client.Key}" }, "Batch:Upstreams:0:Tls:ClientKey"),
        })
        {
            using var directory = new TemporaryDirectory();
            var failure = await Assert.ThrowsAnyAsync<Exception>(async () =>
            {
                await using var app = BatchServer.Build(
                [
                    "--urls=http://127.0.0.1:0", $"--Batch:DataDirectory={directory.FullName}/data",
                    $"--Batch:Upstreams:0:BaseAddress={api.Address}", .. settings,
                ]);
                await app.StartAsync();
            });
            Assert.Contains(key, failure.Message, StringComparison.Ordinal);
        }
    }

    private static async Task<JsonElement> CallAsync(TlsApi api, params string[] settings)
    {
        await using var gateway = await Gateway.StartAsync("", [$"--Batch:Upstreams:0:BaseAddress={api.Address}", .. settings]);
        // Not one that is tried again.
        return await gateway.Rest.RunAsync("""{"path": "x", "method": "POST", "body": {}}""");
    }

    private static void AssertAnswered(JsonElement result, string client)
    {
        Assert.Equal(200, result.GetProperty("responseStatusCode").GetInt32());
        Assert.Equal(client, result.GetProperty("response").GetProperty("client").GetString());
    }

    private static void AssertUnreachable(JsonElement result, string why)
    {
        Assert.Equal(502, result.GetProperty("responseStatusCode").GetInt32());
        var response = result.GetProperty("response");
        Assert.Equal("UPSTREAM_UNREACHABLE", response.GetProperty("error").GetString());
        Assert.StartsWith(
            "No secure connection to the API could be made.", response.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains(why, response.GetProperty("message").GetString(), StringComparison.Ordinal);
    }
}
