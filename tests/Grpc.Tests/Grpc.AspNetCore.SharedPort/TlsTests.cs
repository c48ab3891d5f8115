using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.Net.Client;
using Grpc.Tests.Echo;
using Grpc.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Grpc.Tests.SharedPort;

public sealed class TlsTests
{
    [Fact]
    public async Task Https_OnePort_AlpnChoosesTheProtocol()
    {
        using var certificate = SelfSigned();
        var builder = WebApplication.CreateBuilder(["--urls", "https://127.0.0.1:0"]);
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureHttpsDefaults(https => https.ServerCertificate = certificate));
        builder.WebHost.UseHttp1AndHttp2OnSharedPort();
        builder.Services.AddSingleton<CallProbe>();
        builder.Services.AddGrpc();
        await using var app = builder.Build();
        app.MapGet("/", (HttpContext context) => context.Request.Protocol);
        app.MapGrpcService<Infrastructure.EchoService>();
        await app.StartAsync();
        var address = new Uri(Assert.Single(app.Urls));

        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, presented, _, _) =>
            presented?.GetCertHashString() == certificate.GetCertHashString();
        using var http = new HttpClient(handler, disposeHandler: false);
        using var channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = handler });

        Assert.Equal("https", address.Scheme);
        Assert.Equal("HTTP/1.1", await http.GetStringAsync(address));
        Assert.Equal("x", (await new Echo.EchoService.EchoServiceClient(channel).EchoAsync(new EchoRequest { Text = "x" })).Text);
        using var request = new HttpRequestMessage(HttpMethod.Get, address) { Version = HttpVersion.Version20 };
        using var response = await http.SendAsync(request);
        Assert.Equal("HTTP/2", await response.Content.ReadAsStringAsync());
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null);
    }
}
