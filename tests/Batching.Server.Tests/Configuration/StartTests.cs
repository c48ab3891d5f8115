using Batching.Server.Configuration;
using Batching.Server.Security.Browser;
using Batching.Server.Security.Identity;
using Batching.Server.Security.Operations;
using Batching.Server.Security.Tls;
using Batching.Server.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Batching.Server.Tests.Configuration;

public sealed class StartTests
{
    private const string Upstream = "http://127.0.0.1:9";

    [Theory]
    [InlineData("Batch:Limits:PageBytes=0", "Batch:Limits:PageBytes")]
    [InlineData("Batch:Limits:PageBytes=many", "Batch:Limits:PageBytes")]
    [InlineData("Batch:Limits:RequestsPerBatch=-1", "Batch:Limits:RequestsPerBatch")]
    [InlineData("Batch:Limits:ResponseBytes=99999999999", "Batch:Limits:ResponseBytes")]
    [InlineData("Batch:Limits:RequestsPerUpload=0", "Batch:Limits:RequestsPerUpload")]
    [InlineData("Batch:Limits:UploadBytes=99999999999", "Batch:Limits:UploadBytes")]
    [InlineData("Batch:Limits:UploadIdleTime=00:00:00", "Batch:Limits:UploadIdleTime")]
    [InlineData("Batch:Limits:UploadTime=2.00:00:00", "Batch:Limits:UploadTime")]
    [InlineData("Batch:Limits:ReaderStall=00:00:00", "Batch:Limits:ReaderStall")]
    [InlineData("Batch:MaxStoreBytes=many", "Batch:MaxStoreBytes")]
    [InlineData("Batch:MaxStoreBytes=5", "Batch:MaxStoreBytes")]
    [InlineData("Batch:Retention:Responses=00:00:00", "Batch:Retention:Responses")]
    [InlineData("Batch:Retention:Responses=an hour", "Batch:Retention:Responses")]
    [InlineData("Batch:Retention:Metadata=00:30:00", "Batch:Retention:Metadata")]
    [InlineData("Batch:ShutdownGrace=1.00:00:00", "Batch:ShutdownGrace")]
    [InlineData("Batch:Upstreams:0:MaxConcurrency=0", "Batch:Upstreams:0:MaxConcurrency")]
    [InlineData("Batch:Upstreams:0:MaxConcurrency=many", "Batch:Upstreams:0:MaxConcurrency")]
    [InlineData("Batch:Upstreams:0:Timeout=00:00:00", "Batch:Upstreams:0:Timeout")]
    [InlineData("Batch:Upstreams:0:Prefix=api", "Batch:Upstreams:0:Prefix")]
    [InlineData("Batch:Upstreams:0:Prefix=/api", "Batch:Upstreams:0:BaseAddress")]
    [InlineData("Batch:Upstreams:0:BaseAddress=http://user@host/", "Batch:Upstreams:0:BaseAddress")]
    [InlineData("Batch:Upstreams:0:BaseAddress=ftp://host/", "Batch:Upstreams:0:BaseAddress")]
    [InlineData("Batch:Upstreams:0:BaseAddress=http://", "Batch:Upstreams:0:BaseAddress")]
    [InlineData("Batch:Upstreams:0:BaseAddress=http://host/?a=1", "Batch:Upstreams:0:BaseAddress")]
    [InlineData("Batch:Upstreams:0:BaseAddress=http://host/", "Batch:Upstreams")]
    [InlineData("Batch:Identity:Mode=Nobody", "Batch:Identity:Mode")]
    [InlineData("Batch:Identity:Mode=7", "Batch:Identity:Mode")]
    [InlineData("Batch:Identity:AllowAnonymous=perhaps", "Batch:Identity:AllowAnonymous")]
    [InlineData("Batch:Identity:Mode=TrustedHeader", "Batch:Identity:TrustedNetworks is not set")]
    [InlineData("Batch:Identity:Mode=ApiKey", "Batch:Identity:ApiKeys is not set")]
    [InlineData("Batch:Identity:TrustedNetworks:0=10.0.0.0/8", "Batch:Identity:Mode is PassThrough")]
    [InlineData("Batch:Identity:ApiKeys:0:Owner=shop", "Batch:Identity:Mode is PassThrough")]
    [InlineData("Batch:Operations:Health=perhaps", "Batch:Operations:Health")]
    [InlineData("Batch:Operations:Url=localhost:8081", "Batch:Operations:Url")]
    [InlineData("Batch:Operations:Url=http://127.0.0.1:0", "Batch:Operations:Url")]
    [InlineData("Batch:Cors:AllowedOrigins:0=app.example.com", "Batch:Cors:AllowedOrigins:0")]
    [InlineData("Batch:Cors:AllowedOrigins:0=https://app.example.com/", "Batch:Cors:AllowedOrigins:0")]
    [InlineData("Batch:Cors:AllowedOrigins:0=null", "Batch:Cors:AllowedOrigins:0")]
    [InlineData("Batch:Cors:MaxAge=2.00:00:00", "Batch:Cors:MaxAge")]
    [InlineData("Batch:Tls:ReloadInterval=00:00:00", "Batch:Tls:ReloadInterval:")]
    [InlineData("Batch:Tls:CertificateFile=/nowhere/tls.crt", "Batch:Tls:CertificateFile")]
    [InlineData("Batch:Tls:KeyFile=/nowhere/tls.key", "Batch:Tls:CertificateFile is not set")]
    public async Task Start_BadValue_FailsWithAMessageThatNamesTheKey(string setting, string key)
    {
        var message = await StartAndFailAsync($"--Batch:Upstream={Upstream}", $"--{setting}");

        Assert.Contains(key, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Batch:Identity:Mod=ApiKey", "Batch:Identity:Mod is not a key", "Batch:Identity:Mode")]
    [InlineData("batch:identity:mod=ApiKey", "identity:mod is not a key", "Batch:Identity:Mode")]
    [InlineData("Batch:Upstrem=http://host", "Batch:Upstrem is not a key", "Batch:Upstream")]
    [InlineData("Batch:Limits:RequestPerBatch=5", "Batch:Limits:RequestPerBatch is not", "Batch:Limits:RequestsPerBatch")]
    [InlineData("Batch:Limit:PageBytes=5", "Batch:Limit:PageBytes is not a key", "Batch:Limits:PageBytes")]
    [InlineData("Batch:PageBytes=5", "Batch:PageBytes is not a key", "Batch:Limits:PageBytes")]
    [InlineData("Batch:Upstream:0:Prefix=/x", "Batch:Upstream:0:Prefix is not a key", "Batch:Upstreams:N:Prefix")]
    [InlineData("Batch:Upstreams:Prefix=/x", "Batch:Upstreams:Prefix is not a key", "Batch:Upstreams:N:Prefix")]
    [InlineData("Batch:Upstreams:0:Tls:Key=x", "Batch:Upstreams:0:Tls:Key is not a key", "Batch:Upstreams:N:Tls:ClientKey")]
    [InlineData("Batch:Upstreams:0:ConnectCallback=x", "ConnectCallback is not a key", "Batch:")]
    [InlineData("Batch:Identity:ApiKeys:0:Hsh=x", "Batch:Identity:ApiKeys:0:Hsh is not", "Batch:Identity:ApiKeys:N:Hash")]
    [InlineData("Batch:Identity:AllowsAnonymous=false", "AllowsAnonymous is not", "Batch:Identity:AllowAnonymous")]
    [InlineData("Batch:CredentialHeader=X-User", "Batch:CredentialHeader is not a key", "Batch:")]
    [InlineData("Batch:TrustedProxies=10.0.0.0/8", "Batch:TrustedProxies is a list", "Batch:TrustedProxies:0")]
    [InlineData("Batch:Cors:AllowedOrigins=https://a.example", "AllowedOrigins is a list", "Batch:Cors:AllowedOrigins:0")]
    [InlineData("Batch:Limits=5", "Batch:Limits has no value", "Batch:Limits:RequestsPerBatch")]
    [InlineData("Batch:Upstreams:0=http://host", "Batch:Upstreams:0 has no value", "Batch:Upstreams:N:Prefix")]
    public async Task Start_KeyThatNobodyReads_FailsAndNamesTheNearestOne(string setting, string problem, string nearest)
    {
        var message = await StartAndFailAsync($"--Batch:Upstream={Upstream}", $"--{setting}");

        Assert.Contains(problem, message, StringComparison.Ordinal);
        Assert.Contains(nearest, message[(message.IndexOf(problem, StringComparison.Ordinal) + problem.Length)..], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Batch:Retention:Responses=1h")]
    [InlineData("Batch:Retention:Responses=90")]
    [InlineData("Batch:Retention:Responses=24:00:00")]
    [InlineData("Batch:Upstreams:0:Timeout=30s")]
    [InlineData("Batch:Tls:ReloadInterval=1m")]
    public async Task Start_TimeInAnotherForm_FailsAndSaysTheForm(string setting)
    {
        var message = await StartAndFailAsync($"--Batch:Upstream={Upstream}", $"--{setting}");

        var (key, value) = (setting.Split('=')[0], setting.Split('=')[1]);
        Assert.Contains(
            $"{key} must be a time, written [days.]hours:minutes:seconds such as 01:00:00, not '{value}'.",
            message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Batch:Limits:PageBytes=many", "a whole number from 1 to 67108864, not 'many'")]
    [InlineData("Batch:Operations:Health=perhaps", "true or false, not 'perhaps'")]
    [InlineData("Batch:Upstreams:0:Pagination:Style=Unspecified", "Cursor, Link, NextUrl, Page, Offset, Auto, Range, not 'Unspecified'")]
    [InlineData("Batch:Headers:ClientAddress=1", "Off, XForwardedFor, Forwarded, not '1'")]
    [InlineData("Batch:Headers:ClientAddress=7", "Off, XForwardedFor, Forwarded, not '7'")]
    public async Task Start_ValueOfAnotherType_FailsAndSaysWhatItMustBe(string setting, string problem)
    {
        var message = await StartAndFailAsync($"--Batch:Upstream={Upstream}", $"--{setting}");

        Assert.Contains($"{setting.Split('=')[0]} must be {problem}.", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Batch:Identity:TrustedNetworks:0", "TrustedHeader", "10.0.0.0/8", "TrustedNetworks:0=10.0.0.1")]
    [InlineData("Batch:Identity:TrustedNetworks:0", "TrustedHeader", "10.0.0.0/8", "TrustedNetworks:0=0.0.0.0/0")]
    [InlineData("Batch:Identity:TrustedNetworks:1", "TrustedHeader", "10.0.0.0/8", "TrustedNetworks:1=proxy.local")]
    [InlineData("Batch:Identity:Header", "TrustedHeader", "10.0.0.0/8", "Header=X User")]
    [InlineData("Batch:Identity:Header", "TrustedHeader", "10.0.0.0/8", "Header=Content-Type")]
    [InlineData("Batch:Identity:ApiKeys:0:Hash", "ApiKey", null, "ApiKeys:0:Owner=shop")]
    [InlineData("Batch:Identity:ApiKeys:0:Hash", "ApiKey", null, "ApiKeys:0:Hash=the-key-itself")]
    [InlineData("Batch:Identity:ApiKeys:0:Owner", "ApiKey", null, "ApiKeys:0:Hash=the-key-itself")]
    public async Task Start_BadIdentity_FailsWithAMessageThatNamesTheKey(
        string key, string mode, string? network, string setting)
    {
        var message = await StartAndFailAsync(
            [
                $"--Batch:Upstream={Upstream}",
                $"--Batch:Identity:Mode={mode}",
                .. network is null ? Array.Empty<string>() : [$"--Batch:Identity:TrustedNetworks:0={network}"],
                $"--Batch:Identity:{setting}",
            ]);

        Assert.Contains(key, message, StringComparison.Ordinal);
        Assert.DoesNotContain("the-key-itself", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_TwoKeysWithTheSameHash_FailsWithAMessageThatNamesTheKey()
    {
        var hash = new string('a', 64);
        var message = await StartAndFailAsync(
            $"--Batch:Upstream={Upstream}",
            "--Batch:Identity:Mode=ApiKey",
            "--Batch:Identity:ApiKeys:0:Owner=shop",
            $"--Batch:Identity:ApiKeys:0:Hash={hash}",
            "--Batch:Identity:ApiKeys:1:Owner=office",
            $"--Batch:Identity:ApiKeys:1:Hash={hash.ToUpperInvariant()}");

        Assert.Contains("Batch:Identity:ApiKeys: two keys have the same Hash", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_AllOriginsWithCredentials_FailsWithAMessageThatNamesTheKey()
    {
        var message = await StartAndFailAsync(
            $"--Batch:Upstream={Upstream}",
            "--Batch:Cors:AllowedOrigins:0=*",
            "--Batch:Cors:AllowCredentials=true");

        Assert.Contains("Batch:Cors:AllowCredentials", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_OperationsOnThePortOfEverythingElse_FailsWithAMessageThatNamesTheKey()
    {
        var message = await StartAndFailAsync(
            $"--Batch:Upstream={Upstream}",
            "--urls=http://127.0.0.1:18080;http://127.0.0.1:18081",
            "--Batch:Operations:Url=http://127.0.0.1:18081");

        Assert.Contains("Batch:Operations:Url must have a port of its own", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Defaults_OfTheSecuritySections_AreAsDocumented()
    {
        var identity = new IdentityOptions();
        Assert.Equal((IdentityMode.PassThrough, null), (identity.Mode, identity.AllowAnonymous));
        Assert.Equal(("X-Authenticated-User", true), (identity.Header, identity.ForwardHeader));
        Assert.Empty(identity.TrustedNetworks);
        Assert.Empty(identity.ApiKeys);
        var browser = new BrowserOptions();
        Assert.Empty(browser.AllowedOrigins);
        Assert.Equal((false, TimeSpan.FromMinutes(10)), (browser.AllowCredentials, browser.MaxAge));
        var operations = new OperationsOptions();
        Assert.Equal((true, true, null), (operations.Health, operations.Reflection, operations.Url));
        var tls = new TlsOptions();
        Assert.Equal((null, null, TimeSpan.FromMinutes(1)), (tls.CertificateFile, tls.KeyFile, tls.ReloadInterval));
    }

    [Theory]
    [InlineData("localhost:5000")]
    [InlineData("/api")]
    [InlineData("http://")]
    [InlineData("not a url")]
    public async Task Start_UpstreamThatIsNoAddress_FailsWithAMessageThatNamesTheKey(string upstream)
    {
        var message = await StartAndFailAsync($"--Batch:Upstream={upstream}");

        Assert.Contains("Batch:Upstream", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_NoUpstreamOutsideDevelopment_FailsWithAMessageThatSaysWhatToDo()
    {
        var message = await StartAndFailAsync();

        Assert.Contains("Batch:Upstream is not set", message, StringComparison.Ordinal);
        Assert.Contains("Batch__Upstream", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_SeveralBadValues_NamesThemAll()
    {
        var message = await StartAndFailAsync(
            "--Batch:Limits:PageBytes=0", "--Batch:Limits:RequestIds=0", "--Batch:Upstreams:0:MaxConcurrency=0");

        Assert.Contains("Batch:Limits:PageBytes", message, StringComparison.Ordinal);
        Assert.Contains("Batch:Limits:RequestIds", message, StringComparison.Ordinal);
        Assert.Contains("Batch:Upstreams:0:MaxConcurrency", message, StringComparison.Ordinal);
        Assert.Contains("Batch:Upstreams:0:BaseAddress", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_DataDirectoryThatIsAFile_FailsWithAMessageThatNamesTheKey()
    {
        using var directory = new TemporaryDirectory();
        var file = Path.Combine(directory.FullName, "data");
        await File.WriteAllTextAsync(file, "");

        var message = await StartAndFailAsync($"--Batch:Upstream={Upstream}", $"--Batch:DataDirectory={file}");

        Assert.Contains("Batch:DataDirectory", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Batch__Limits__PageBytes", "0", "Batch:Limits:PageBytes", 78)]
    [InlineData("Batch__Identity__Mod", "ApiKey", "Batch:Identity:Mode", 78)]
    [InlineData("ASPNETCORE_URLS", "somewhere", "ASPNETCORE_URLS", 78)]
    [InlineData("ASPNETCORE_URLS", "http://192.0.2.1:8080", "--urls", 71)]
    [InlineData("ASPNETCORE_URLS", "https://127.0.0.1:0", "certificate", 78)]
    public async Task Process_CannotStart_EndsWithALineThatSaysWhyAndNoStackTrace(
        string variable, string value, string problem, int exitCode)
    {
        using var data = new TemporaryDirectory();
        using var gateway = GatewayProcess.Launch(new Dictionary<string, string>
        {
            ["Batch__Upstream"] = Upstream,
            ["Batch__DataDirectory"] = data.FullName,
            [variable] = value,
        });

        Assert.Equal(exitCode, await gateway.WaitForExitAsync());
        var line = Assert.Single(
            gateway.Output.Split('\n'), line => line.StartsWith("The gateway did not start: ", StringComparison.Ordinal));
        Assert.Contains(problem, line, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", gateway.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("fail:", gateway.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("crit:", gateway.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Process_CannotStartAndLogsAtDebug_HasTheStackTraceToo()
    {
        using var data = new TemporaryDirectory();
        using var gateway = GatewayProcess.Launch(new Dictionary<string, string>
        {
            ["Batch__Upstream"] = Upstream,
            ["Batch__DataDirectory"] = data.FullName,
            ["Batch__Limits__PageBytes"] = "0",
            ["Logging__LogLevel__Default"] = "Debug",
        });

        Assert.Equal(78, await gateway.WaitForExitAsync());
        Assert.Contains("   at ", gateway.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Process_DataDirectoryOfAnotherProcess_EndsWithALineThatSaysSo()
    {
        await using var api = await TestApi.StartAsync();
        await using var first = await Gateway.StartAsync(api);
        using var second = GatewayProcess.Launch(new Dictionary<string, string>
        {
            ["Batch__Upstream"] = Upstream,
            ["Batch__DataDirectory"] = first.DataDirectory,
        });

        Assert.Equal(71, await second.WaitForExitAsync());
        Assert.Contains("The gateway did not start: The data directory", second.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", second.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Healthz_Ready_Is200()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);

        Assert.Equal(200, (await gateway.Rest.GetAsync("/healthz")).Status);
    }

    [Fact]
    public async Task Start_DevelopmentWithoutUpstream_BringsTheSampleApi()
    {
        await using var gateway = await Gateway.StartForTrialAsync();

        var request = await gateway.Rest.RunAsync("""{"path": "sample/items", "params": {"limit": 2}}""");

        Assert.Equal(200, request.GetProperty("responseStatusCode").GetInt32());
        Assert.NotEmpty(request.GetProperty("response").EnumerateObject());
    }

    [Fact]
    public async Task Submit_SeveralUpstreams_GoesToTheOneWithTheLongestPrefix()
    {
        await using var all = await TestApi.StartAsync();
        await using var crm = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(
            all, $"--Batch:Upstreams:0:BaseAddress={crm.Address}/base/", "--Batch:Upstreams:0:Prefix=/crm");

        var batch = await gateway.Rest.SubmitPathsAsync("crm/people?x=1", "crmx", "crm");
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);

        Assert.Equal(
            ["/base/crm", "/base/crm/people?x=1"],
            crm.Requests.Select(request => request.Target).Order(StringComparer.Ordinal));
        Assert.Equal(["/crmx"], all.Requests.Select(request => request.Target));
    }

    [Fact]
    public async Task Submit_PathOfNoUpstream_IsRefused()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(
            "", $"--Batch:Upstreams:0:BaseAddress={api.Address}", "--Batch:Upstreams:0:Prefix=/crm");

        var reply = await gateway.Rest.PostAsync("""[{"path": "crm/x"}, {"path": "x"}]""");

        Assert.Equal(["[1].path"], reply.Error(400, "INVALID_ARGUMENT").ErrorFields);
        await gateway.AssertNothingStoredAsync();
    }

    private static async Task<string> StartAndFailAsync(params string[] settings)
    {
        using var directory = new TemporaryDirectory();
        string[] args =
        [
            "--environment=Production",
            "--urls=http://127.0.0.1:0",
            $"--Batch:DataDirectory={Path.Combine(directory.FullName, "data")}",
            .. settings,
        ];
        var failure = await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await using var app = BatchServer.Build(args, builder => builder.Logging.ClearProviders());
            await app.StartAsync();
            await app.StopAsync();
        });
        return failure.Message;
    }
}
