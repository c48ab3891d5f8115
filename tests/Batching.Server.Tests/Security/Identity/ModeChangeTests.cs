using System.Security.Cryptography;
using System.Text;
using Batching.Server.Tests.Infrastructure;

namespace Batching.Server.Tests.Security.Identity;

/// <summary>What the mode is changed to, on the same data directory.</summary>
public sealed class ModeChangeTests
{
    private const string Name = "alice";

    [Fact]
    public async Task ChangeOfMode_SameNameInAll_IsAnotherOwnerInEach()
    {
        var calls = 0;
        await using var api = await TestApi.StartAsync(context =>
            Interlocked.Increment(ref calls) == 1
                ? Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted)
                : TestApi.JsonAsync(context, "{}"));
        using var data = new TemporaryDirectory();
        SubmittedBatch batch;
        using (var gateway = await GatewayProcess.StartAsync(Environment(api, data)))
        {
            batch = await SubmitAsync(gateway, "Authorization");
            await Eventually.BeTrueAsync(() => calls == 1, "the API is called");
            await gateway.KillAsync();
        }

        using (var gateway = await GatewayProcess.StartAsync(Environment(
            api,
            data,
            ("Batch__Identity__Mode", "TrustedHeader"),
            ("Batch__Identity__TrustedNetworks__0", "127.0.0.1/32"))))
        {
            (await GetAsync(gateway, batch.Path, "X-Authenticated-User")).Error(404, "NOT_FOUND");
            await gateway.KillAsync();
        }

        using (var gateway = await GatewayProcess.StartAsync(Environment(
            api,
            data,
            ("Batch__Identity__Mode", "ApiKey"),
            ("Batch__Identity__ApiKeys__0__Owner", Name),
            ("Batch__Identity__ApiKeys__0__Hash", Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(Name)))))))
        {
            (await GetAsync(gateway, batch.Path, "X-API-Key")).Error(404, "NOT_FOUND");
            await gateway.KillAsync();
        }

        using (var gateway = await GatewayProcess.StartAsync(Environment(api, data)))
        {
            // What was given as a credential was not sent as the name of a user in between; the request has failed.
            var result = Assert.Single((await GetAsync(gateway, batch.Path, "Authorization")).Success().Requests);
            Assert.Equal(502, result.GetProperty("responseStatusCode").GetInt32());
        }

        Assert.DoesNotContain(api.Requests, request => request.Headers.ContainsKey("X-Authenticated-User"));
    }

    private static Dictionary<string, string> Environment(
        TestApi api, TemporaryDirectory data, params (string Name, string Value)[] more)
    {
        var environment = new Dictionary<string, string>
        {
            ["Batch__Upstream"] = api.Address,
            ["Batch__DataDirectory"] = data.FullName,
        };
        foreach (var (name, value) in more)
        {
            environment[name] = value;
        }

        return environment;
    }

    private static async Task<SubmittedBatch> SubmitAsync(GatewayProcess gateway, string header)
    {
        var reply = (await gateway.Rest.SendAsync(
            HttpMethod.Post,
            RestClient.BatchPath,
            new StringContent("""[{"path": "x"}]"""),
            headers => headers.TryAddWithoutValidation(header, Name))).Success();
        return new SubmittedBatch(reply.Batch.GetProperty("id").GetString()!, 0, []);
    }

    private static Task<RestReply> GetAsync(GatewayProcess gateway, string path, string header) =>
        gateway.Rest.SendAsync(
            HttpMethod.Get, path, addHeaders: headers => headers.TryAddWithoutValidation(header, Name));
}
