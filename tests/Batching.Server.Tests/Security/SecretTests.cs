using System.Text;
using Batching.Server.Tests.Infrastructure;

namespace Batching.Server.Tests.Security;

/// <summary>Credentials reach the API and nothing else.</summary>
public sealed class SecretTests
{
    private const string Token = "Zq7-very-secret-token-of-the-caller-9xK";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Credential_WhileTheBatchRunsAndAfter_IsInNoFileAndNoLog(bool isInQuery)
    {
        var gate = new TaskCompletionSource();
        var arrived = new TaskCompletionSource();
        await using var api = await TestApi.StartAsync(async context =>
        {
            arrived.TrySetResult();
            await gate.Task;
            await TestApi.JsonAsync(context, "\"the-response-itself\"");
        });
        await using var gateway = await Gateway.StartAsync(api);
        using var caller = gateway.RestAs(isInQuery ? "Basic dXNlcjpwYXNz" : $"Bearer {Token}");
        var query = isInQuery ? $"?bearer_token={Token}" : "";
        var reply = (await caller.PostAsync(
            """[{"path": "x/the-path-itself"}, {"path": "y"}]""", RestClient.BatchPath + query)).Success();
        await arrived.Task.WithDeadlineAsync("the API is called");

        AssertNowhere(gateway, "the-path-itself");

        gate.SetResult();
        var id = reply.Batch.GetProperty("id").GetString()!;
        using var owner = gateway.RestAs($"Bearer {Token}");
        await owner.WaitUntilDoneAsync(id);
        (await caller.GetAsync($"{RestClient.BatchPath}/{id}{query}")).Success();

        Assert.All(api.Requests, request => Assert.Equal($"Bearer {Token}", request.Headers["Authorization"]));
        AssertNowhere(gateway, "the-response-itself");
    }

    [Fact]
    public async Task DataDirectory_OnUnix_IsOpenToTheServiceOnly()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);

        foreach (var directory in new[] { gateway.DataDirectory, Path.Combine(gateway.DataDirectory, "keys") })
        {
            Assert.Equal(
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
                File.GetUnixFileMode(directory));
        }
    }

    // What is surely stored shows that the search would find the token if it were.
    private static void AssertNowhere(Gateway gateway, string stored)
    {
        var files = Directory.GetFiles(gateway.DataDirectory, "*", SearchOption.AllDirectories)
            // The lock can't be opened, but it is empty.
            .Where(file => new FileInfo(file).Length > 0)
            .ToDictionary(file => file, ReadShared);
        Assert.Contains(files, file => file.Key.EndsWith("-wal", StringComparison.Ordinal));
        Assert.Contains(files, file => Holds(file.Value, stored));
        var base64 = Convert.ToBase64String(Encoding.UTF8.GetBytes($"Bearer {Token}"));
        Assert.All(files, file =>
        {
            Assert.False(Holds(file.Value, Token), $"{file.Key} holds the token.");
            Assert.False(Holds(file.Value, base64), $"{file.Key} holds the token in base64.");
        });
        Assert.DoesNotContain(gateway.Logs.All, text => text.Contains(Token, StringComparison.Ordinal));
    }

    private static bool Holds(byte[] bytes, string text) => bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0;

    private static byte[] ReadShared(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var copy = new MemoryStream();
        file.CopyTo(copy);
        return copy.ToArray();
    }
}
