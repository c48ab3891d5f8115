using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Microsoft.AspNetCore.Http;

namespace Batching.Server.Tests.Delivery;

/// <summary>A batch of as many requests as one may have, every byte of it looked at.</summary>
public sealed class LargeBatchTests
{
    private const int Count = 10_000;
    private const int Fetchers = 4;
    private const int PageBytes = 2 * 1024 * 1024;

    [Fact]
    public async Task ParallelFlow_10000Gets_DeliversEachExactlyOnceByteForByte()
    {
        await using var api = await TestApi.StartAsync(AnswerAsync);
        await using var gateway = await Gateway.StartAsync(api);
        var batch = await gateway.Rest.SubmitPathsAsync(Enumerable.Range(0, Count).Select(PathOf));
        var indexes = Enumerable.Range(0, Count).ToDictionary(index => batch.RequestIds[index]);
        var seen = new ConcurrentDictionary<int, int>();

        // Several fetchers side by side, while the batch runs: each gets what no other gets.
        await Task.WhenAll(Enumerable.Range(0, Fetchers).Select(_ => FetchAllAsync())).WithDeadlineAsync(
            "the parallel flow is through");

        Assert.Equal(Count, seen.Count);
        Assert.All(seen, result => Assert.Equal(1, result.Value));
        // The API has seen each request once, too.
        Assert.Equal(Count, api.Requests.Count);
        Assert.Equal(Count, api.Requests.Select(request => request.Target).Distinct().Count());
        await AssertSameOverGrpcAsync(gateway, batch.Id, indexes);

        async Task FetchAllAsync()
        {
            while (true)
            {
                var reply = (await gateway.Rest.GetAsync(batch.Path)).Success();
                var bytes = 0L;
                foreach (var request in reply.Requests)
                {
                    var index = indexes[request.GetProperty("id").GetString()!];
                    seen.AddOrUpdate(index, 1, (_, times) => times + 1);
                    bytes += request.GetProperty("responseSize").GetInt64();
                    Assert.Equal(PathOf(index), request.GetProperty("path").GetString());
                    Assert.Equal(BodyOf(index), request.GetProperty("response").GetRawText());
                }

                Assert.True(
                    bytes <= PageBytes || reply.Requests.Count == 1,
                    $"A page of {reply.Requests.Count} requests has {bytes} bytes.");
                if (reply.Requests.Count == 0 && reply.Batch.GetProperty("runningRequests").GetInt64() == 0)
                {
                    return;
                }
            }
        }
    }

    private static async Task AssertSameOverGrpcAsync(
        Gateway gateway, string batchId, Dictionary<string, int> indexes)
    {
        using var call = gateway.Grpc.FetchResults(new FetchResultsRequest { BatchId = batchId, After = 0 });
        var positions = 0L;
        var ids = new HashSet<string>();
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
            var record = call.ResponseStream.Current;
            if (record.RecordCase == FetchResultsResponse.RecordOneofCase.End)
            {
                Assert.Equal((Count, 0L), (record.Position, record.End.RunningRequests));
                continue;
            }

            Assert.Equal(++positions, record.Position);
            Assert.True(ids.Add(record.Request.Id), $"{record.Request.Id} came twice");
            Assert.Equal(BodyOf(indexes[record.Request.Id]), record.Request.Response.Body.ToStringUtf8());
        }

        Assert.Equal(Count, positions);
    }

    private static string PathOf(int index) =>
        string.Create(CultureInfo.InvariantCulture, $"item/{index}?n={index % 7}");

    private static Task AnswerAsync(HttpContext context) => TestApi.JsonAsync(
        context, BodyOf(int.Parse(context.Request.Path.Value![6..], CultureInfo.InvariantCulture)));

    // From a few bytes to more than a page, each different, in a form that no serializer would write.
    private static string BodyOf(int index)
    {
        var length = index switch
        {
            5_000 => PageBytes + 1,
            _ when index % 500 == 0 => 300_000,
            _ => index % 997,
        };
        var body = new StringBuilder(length + 64);
        body.Append(CultureInfo.InvariantCulture, $$"""{ "i":{{index}}.50, "big": 12345678901234567890, "t":"\/""");
        for (var i = 0; i < length; i++)
        {
            body.Append((char)('a' + (i + index) % 26));
        }

        return body.Append("\" }").ToString();
    }
}
