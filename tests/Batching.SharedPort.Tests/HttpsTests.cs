using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Batching.SharedPort.Tests.Infrastructure;
using Microsoft.AspNetCore.Hosting;

namespace Batching.SharedPort.Tests;

public sealed class HttpsTests : IDisposable
{
    private readonly X509Certificate2 _certificate = SelfSigned();

    [Fact]
    public async Task Get_HttpsAndHttp_EachServesBoth()
    {
        await using var server = await StartAsync("https://127.0.0.1:0;http://127.0.0.1:0");

        foreach (var (url, scheme) in server.Urls.Zip(["https", "http"]))
        {
            Assert.StartsWith($"{scheme}://", url, StringComparison.Ordinal);
            using var handler = new SocketsHttpHandler
            {
                SslOptions = new SslClientAuthenticationOptions
                {
                    RemoteCertificateValidationCallback = (_, presented, _, _) =>
                        presented?.GetCertHashString() == _certificate.GetCertHashString(),
                },
            };
            Assert.Equal($"HTTP/1.1 {scheme}", await Http.GetAsync(new Uri(url), "1.1", handler));
            Assert.Equal($"HTTP/2 {scheme}", await Http.GetAsync(new Uri(url), "2.0", handler));
        }
    }

    // Whoever only serves TLS must not be talked into cleartext.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Connect_CleartextToHttps_NotServed(bool isHttp2)
    {
        await using var server = await StartAsync("https://127.0.0.1:0");
        using var connection = await server.ConnectAsync();

        await connection.SendAsync(
            isHttp2 ? [.. RawConnection.Hello, .. RawConnection.Http2Get("/")] : RawConnection.Http1Get("/"));

        Assert.Empty(await connection.ReadToEndAsync());
    }

    public void Dispose() => _certificate.Dispose();

    private Task<TestServer> StartAsync(string urls) => TestServer.StartAsync(
        static context => TestServer.WriteAsync(context, $"{context.Request.Protocol} {context.Request.Scheme}"),
        host => host.ConfigureKestrel(
            kestrel => kestrel.ConfigureHttpsDefaults(https => https.ServerCertificate = _certificate)),
        $"--urls={urls}");

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null);
    }
}
