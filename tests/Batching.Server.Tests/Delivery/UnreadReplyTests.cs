using System.Net;
using System.Text;
using Batching.Server.Tests.Infrastructure;

namespace Batching.Server.Tests.Delivery;

/// <summary>Many large replies that nobody reads. Alone, because it looks at the memory of the process.</summary>
[Collection(nameof(UnreadReplyTests))]
[CollectionDefinition(nameof(UnreadReplyTests), DisableParallelization = true)]
public sealed class UnreadReplyTests
{
    private const int BodyBytes = 8 * 1024 * 1024;
    private const int Bodies = 8;
    private const long MostBytes = 160L * 1024 * 1024;

    private static readonly byte[] Body = Encoding.ASCII.GetBytes($"\"{new string('x', BodyBytes - 2)}\"");

    [Theory]
    [InlineData(30, "1.1")]
    [InlineData(60, "2.0")]
    public async Task FetchById_NobodyReads_MemoryIsBoundedAndOthersAreServed(int calls, string version)
    {
        await using var api = await TestApi.StartUnrecordedAsync(
            context => TestApi.BytesAsync(context, "application/json", context.Request.Path == "/small" ? "{}"u8.ToArray() : Body));
        await using var gateway = await Gateway.StartAsync(api, "--Batch:Limits:PageWait=00:00:00.5");
        using var alice = gateway.RestAs("Bearer alice");
        using var bob = gateway.RestAs("Bearer bob");
        var large = await alice.SubmitPathsAsync(Enumerable.Range(0, Bodies).Select(i => $"{i}"));
        await alice.WaitUntilDoneAsync(large.Id);
        var small = await bob.SubmitPathsAsync("small");
        await bob.WaitUntilDoneAsync(small.Id);
        var path = $"{large.Path}?request_ids={string.Join(',', large.RequestIds)}";

        var before = GC.GetTotalMemory(forceFullCollection: true);
        using (var http = new HttpClient(new SocketsHttpHandler { InitialHttp2StreamWindowSize = 65_535 }))
        {
            http.BaseAddress = new Uri(gateway.Address);
            http.DefaultRequestHeaders.Add("Authorization", "Bearer alice");
            http.DefaultRequestVersion = Version.Parse(version);
            http.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
            var unread = await Task.WhenAll(Enumerable.Range(0, calls).Select(
                _ => http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead))).WithDeadlineAsync("all are answered");

            Assert.Single((await bob.GetAsync(small.Path)).Success().Requests);
            var used = GC.GetTotalMemory(forceFullCollection: true) - before;
            Assert.True(used < MostBytes, $"{calls} replies that nobody reads take up {used >> 20} MiB.");
            Assert.InRange(unread.Count(response => response.StatusCode == HttpStatusCode.OK), 1, 2);
            foreach (var refused in unread.Where(response => response.StatusCode != HttpStatusCode.OK))
            {
                Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
                Assert.NotNull(refused.Headers.RetryAfter);
                Assert.Contains(
                    "(Batch:Limits:ReplyBytesPerOwner)", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            }

            Array.ForEach(unread, response => response.Dispose());
        }

        // More than the owner may have, so that it is let in only when nothing else is held.
        await Eventually.BeTrueAsync(
            async () => (await alice.GetAsync(path)) is { Status: 200 } reply && reply.Text.Length > Bodies * BodyBytes,
            "what the readers held is given back");
    }
}
