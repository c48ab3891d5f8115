using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Tests.Infrastructure;
using Batching.Engine.Webhooks;
using Batching.V1;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Tests.Webhooks;

public sealed class ReceiverRulesTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("hooks.example.com", "https://hooks.example.com/x?y=%20z")]
    [InlineData("hooks.example.com", "HTTPS://HOOKS.example.COM")]
    [InlineData("hooks.example.com", "https://hooks.example.com:443/")]
    [InlineData("HOOKS.Example.com:8443", "https://hooks.example.com:8443/x")]
    [InlineData("*.example.com", "https://a.b.example.com/x")]
    [InlineData("*.example.com:8443", "https://a.example.com:8443/x")]
    [InlineData("http://hooks.example.com", "http://hooks.example.com/x")]
    [InlineData("http://*.example.com:81", "http://a.example.com:81/x")]
    [InlineData("bücher.example", "https://xn--bcher-kva.example/")]
    [InlineData("8.8.8.8", "https://8.8.8.8/")]
    [InlineData("[2606:4700::1]:8443", "https://[2606:4700::1]:8443/")]
    public async Task ReadAsync_UrlOfAnAllowedHost_IsTaken(string allowed, string url)
    {
        var (target, problems) = await ReadAsync([allowed], new Notify { Url = url });

        Assert.Equal("", string.Join('\n', problems));
        Assert.Equal(new WebhookTarget(url, BatchEvents.Done), target);
    }

    [Theory]
    [InlineData("hooks.example.com", "https://other.example.com/", "AllowedHosts")]
    [InlineData("hooks.example.com", "https://hooks.example.com.evil.test/", "AllowedHosts")]
    [InlineData("hooks.example.com", "https://evil.test/hooks.example.com", "AllowedHosts")]
    [InlineData("hooks.example.com", "https://hooks.example.com:8443/", "AllowedHosts")]
    [InlineData("hooks.example.com", "http://hooks.example.com/", "AllowedHosts")]
    [InlineData("hooks.example.com", "https://hooks.example.com./", "AllowedHosts")]
    [InlineData("*.example.com", "https://example.com/", "AllowedHosts")]
    [InlineData("*.example.com", "https://badexample.com/", "AllowedHosts")]
    [InlineData("http://hooks.example.com", "https://hooks.example.com/", "AllowedHosts")]
    [InlineData("hooks.example.com", "https://user@hooks.example.com/", "user information")]
    [InlineData("hooks.example.com", "https://user:secret@hooks.example.com/", "user information")]
    [InlineData("hooks.example.com", "https://@hooks.example.com/", "user information")]
    [InlineData("hooks.example.com", "https://evil.test@hooks.example.com/", "user information")]
    [InlineData("hooks.example.com", "https://hooks.example.com/#x", "fragment")]
    [InlineData("hooks.example.com", "https://evil.test#@hooks.example.com/", "fragment")]
    [InlineData("hooks.example.com", "https://evil.test\\@hooks.example.com/", "backslashes")]
    [InlineData("hooks.example.com", "https://hooks.example.com/a b", "blanks")]
    [InlineData("hooks.example.com", "https://hooks.example.com/\r\nX: y", "blanks")]
    [InlineData("hooks.example.com", "https://hooks.example.com/ü", "ASCII")]
    [InlineData("hooks.example.com", "ftp://hooks.example.com/", "https://")]
    [InlineData("hooks.example.com", "file:///etc/passwd", "https://")]
    [InlineData("hooks.example.com", "gopher://hooks.example.com/", "https://")]
    [InlineData("hooks.example.com", "//hooks.example.com/", "https://")]
    [InlineData("hooks.example.com", "/hooks", "https://")]
    [InlineData("hooks.example.com", "https:hooks.example.com", "https://")]
    [InlineData("hooks.example.com", "https://", "https://")]
    [InlineData("hooks.example.com", "", "is required")]
    [InlineData("127.0.0.1", "https://127.0.0.1/", "AllowPrivateAddresses")]
    [InlineData("127.0.0.1", "https://2130706433/", "AllowPrivateAddresses")]
    [InlineData("127.0.0.1", "https://0x7f.1/", "AllowPrivateAddresses")]
    [InlineData("[::1]", "https://[::1]/", "AllowPrivateAddresses")]
    [InlineData("[::ffff:127.0.0.1]", "https://[::ffff:127.0.0.1]/", "AllowPrivateAddresses")]
    public async Task ReadAsync_UrlThatMayNotBeCalled_IsNamed(string allowed, string url, string expected)
    {
        var (target, problems) = await ReadAsync([allowed], new Notify { Url = url });

        Assert.Null(target);
        var problem = Assert.Single(problems);
        Assert.Equal("notify.url", problem.Field);
        Assert.Contains(expected, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReadAsync_NoHostAllowed_NamesTheKey()
    {
        var (_, problems) = await ReadAsync([], new Notify { Url = "https://hooks.example.com/" });

        Assert.Contains("Batch:Webhooks:AllowedHosts", Assert.Single(problems).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReadAsync_UrlTooLong_NamesTheLimit()
    {
        var (_, problems) = await ReadAsync(
            ["hooks.example.com"], new Notify { Url = $"https://hooks.example.com/{new string('x', 2_048)}" });

        Assert.Equal(
            "has 2074 characters; the limit is 2048 (Batch:Webhooks:UrlLength)", Assert.Single(problems).Message);
    }

    [Fact]
    public async Task ReadAsync_Events_AreReadAndCheckedByName()
    {
        var url = "https://hooks.example.com/";
        var (target, _) = await ReadAsync(["hooks.example.com"], new Notify { Url = url, Events = { "expired", "failed_first" } });
        Assert.Equal(BatchEvents.Expired | BatchEvents.FailedFirst, target!.Events);

        var (_, problems) = await ReadAsync(["hooks.example.com"], new Notify { Url = url, Events = { "done", "Done", "done" } });
        Assert.Equal(
            ["notify.events[1] must be one of done, failed_first, expired, not 'Done'", "notify.events[2] is given twice: done"],
            problems.Select(problem => $"{problem.Field} {problem.Message}"));
    }

    [Theory]
    [InlineData("*")]
    [InlineData("*.*.example.com")]
    [InlineData("a.*.example.com")]
    [InlineData("*.10.0.0.1")]
    [InlineData("ftp://hooks.example.com")]
    [InlineData("hooks.example.com/path")]
    [InlineData("https://user@hooks.example.com")]
    [InlineData("hooks.example.com:port")]
    [InlineData("hooks.example.com?x")]
    [InlineData("")]
    public void TryParse_EntryThatIsNoHost_IsFalse(string entry) => Assert.False(AllowedReceiver.TryParse(entry, out _));

    private async Task<(WebhookTarget? Target, List<Problem> Problems)> ReadAsync(string[] allowed, Notify notify)
    {
        await using var store = await EmptyStore.OpenAsync(_directory);
        var options = new BatchEngineOptions();
        foreach (var host in allowed)
        {
            options.Webhooks.AllowedHosts.Add(host);
        }

        var problems = new List<Problem>();
        var (target, refusal) = await new ReceiverRules(store, Options.Create(options)).ReadAsync(
            "alice", notify, problems, CancellationToken.None);
        Assert.Null(refusal);
        return (target, problems);
    }
}
