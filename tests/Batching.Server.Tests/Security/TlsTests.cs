using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Grpc.Net.Client;

namespace Batching.Server.Tests.Security;

/// <summary>The gateway's own certificate.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly TestCertificates _certificates = new();

    private string CertificateFile => Path.Combine(_directory.FullName, "tls.crt");

    private string KeyFile => Path.Combine(_directory.FullName, "tls.key");

    private string[] Settings =>
    [
        "--urls=https://127.0.0.1:0",
        $"--Batch:Tls:CertificateFile={CertificateFile}",
        $"--Batch:Tls:KeyFile={KeyFile}",
        "--Batch:Tls:ReloadInterval=00:00:01",
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Address_Https_SpeaksBothProtocolsWithTheWholeChain(bool rsa)
    {
        WriteFiles(_certificates.Issue(rsa));
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, Settings);
        using var client = new TlsClient(_certificates.Root);

        foreach (var version in new[] { HttpVersion.Version11, HttpVersion.Version20 })
        {
            using var response = await client.GetAsync(gateway.Address + RestClient.BatchPath, version);
            Assert.Equal((HttpStatusCode.OK, version), (response.StatusCode, response.Version));
        }

        using var channel = GrpcChannel.ForAddress(
            gateway.Address, new GrpcChannelOptions { HttpClient = client.Http });
        var list = await new BatchService.BatchServiceClient(channel).ListBatchesAsync(new ListBatchesRequest());
        Assert.Empty(list.Batches);
        Assert.Empty(KeyWarnings(gateway));
    }

    [Fact]
    public async Task CertificateFile_WithTheKeyInIt_IsEnough()
    {
        var (certificate, key, _) = _certificates.Issue();
        File.WriteAllText(CertificateFile, certificate + key);
        Protect(CertificateFile);
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(
            api, "--urls=https://127.0.0.1:0", $"--Batch:Tls:CertificateFile={CertificateFile}");
        using var client = new TlsClient(_certificates.Root);

        using var response = await client.GetAsync(gateway.Address + "/healthz", HttpVersion.Version11);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Files_Replaced_AreForNewConnections_AndOldOnesGoOn()
    {
        var first = _certificates.Issue();
        WriteFiles(first);
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, Settings);
        using var old = new TlsClient(_certificates.Root);
        foreach (var version in new[] { HttpVersion.Version11, HttpVersion.Version20 })
        {
            using var response = await old.GetAsync(gateway.Address + "/healthz", version);
        }

        Assert.Equal([first.Serial, first.Serial], old.Serials);

        var second = _certificates.Issue(rsa: true);
        WriteFiles(second);
        await Eventually.BeTrueAsync(
            async () =>
            {
                using var client = new TlsClient(_certificates.Root);
                using var response = await client.GetAsync(gateway.Address + "/healthz", HttpVersion.Version11);
                return client.Serials.Single() == second.Serial;
            },
            "new connections get the new certificate");

        foreach (var version in new[] { HttpVersion.Version11, HttpVersion.Version20 })
        {
            using var response = await old.GetAsync(gateway.Address + "/healthz", version);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        // They are the connections of before: no other was made.
        Assert.Equal([first.Serial, first.Serial], old.Serials);
    }

    [Fact]
    public async Task Files_ReplacedByWhatDoesNotFit_LeaveTheOldCertificate()
    {
        var first = _certificates.Issue();
        WriteFiles(first);
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, Settings);

        // The key of before, which is what a deployment looks like when it has done half.
        File.WriteAllText(CertificateFile, _certificates.Issue().Certificate);
        await Eventually.BeTrueAsync(
            () => gateway.Logs.All.Any(text => text.Contains("CertificateNotReplaced", StringComparison.Ordinal)),
            "the files were looked at");
        using var client = new TlsClient(_certificates.Root);
        using var response = await client.GetAsync(gateway.Address + "/healthz", HttpVersion.Version11);

        Assert.Equal([first.Serial], client.Serials);
        Assert.DoesNotContain(gateway.Logs.All, text => text.Contains("PRIVATE KEY", StringComparison.Ordinal));
    }

    [Fact]
    public async Task KeyFile_ThatOthersCanRead_IsWarnedOf()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        WriteFiles(_certificates.Issue());
        File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        var link = Path.Combine(_directory.FullName, "link.key");
        File.CreateSymbolicLink(link, KeyFile);
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, [.. Settings, $"--Batch:Tls:KeyFile={link}"]);

        Assert.Contains(link, Assert.Single(KeyWarnings(gateway)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Address_HttpBesideACertificate_IsWarnedOf()
    {
        WriteFiles(_certificates.Issue());
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, [.. Settings, "--urls=http://127.0.0.1:0"]);

        Assert.Contains(gateway.Logs.All, text =>
            text.StartsWith("Warning", StringComparison.Ordinal)
            && text.Contains("http://127.0.0.1:0 is not https", StringComparison.Ordinal));
    }

    public void Dispose()
    {
        _certificates.Dispose();
        _directory.Dispose();
    }

    private static IEnumerable<string> KeyWarnings(Gateway gateway) =>
        gateway.Logs.All.Where(text => text.Contains("KeyCanBeRead", StringComparison.Ordinal));

    private static void Protect(string path)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    private void WriteFiles((string Certificate, string Key, string Serial) issued)
    {
        File.WriteAllText(CertificateFile, issued.Certificate);
        File.WriteAllText(KeyFile, issued.Key);
        Protect(KeyFile);
    }

    /// <summary>Trusts one root, and notes the certificate of each connection it makes.</summary>
    private sealed class TlsClient : IDisposable
    {
        private readonly List<string> _serials = [];

        public TlsClient(X509Certificate2 root)
        {
            var policy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            };
            policy.CustomTrustStore.Add(root);
            Http = new HttpClient(new SocketsHttpHandler
            {
                SslOptions = new SslClientAuthenticationOptions
                {
                    CertificateChainPolicy = policy,
                    RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
                    {
                        _serials.Add(certificate!.GetSerialNumberString());
                        return errors == SslPolicyErrors.None;
                    },
                },
            });
        }

        public HttpClient Http { get; }

        public IReadOnlyList<string> Serials => _serials;

        public async Task<HttpResponseMessage> GetAsync(string url, Version version)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url)
            {
                Version = version,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            return await Http.SendAsync(request);
        }

        public void Dispose() => Http.Dispose();
    }
}
