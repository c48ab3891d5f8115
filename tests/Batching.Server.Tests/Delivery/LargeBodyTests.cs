using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Batching.Server.Tests.Delivery;

/// <summary>What is larger than a message that clients take by default. The clients here are as they come.</summary>
public sealed class LargeBodyTests : IAsyncLifetime
{
    private const int MaxMessageBytes = 4_161_536;

    private static readonly byte[][] Bodies =
        [.. new[] { 0, 1, 4_089_446, 4_299_162, 10_380_902 }.Select((size, seed) => BytesOf(seed, size))];

    private TestApi _api = null!;
    private Gateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _api = await TestApi.StartAsync(context =>
        {
            var index = context.Request.Path.Value!.TrimStart('/');
            return index.Length == 1
                ? TestApi.BytesAsync(context, "text/html", Bodies[int.Parse(index, CultureInfo.InvariantCulture)])
                : TestApi.JsonAsync(context, "{}");
        });
        _gateway = await Gateway.StartAsync(_api);
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task Grpc_PagesAndStream_GiveEveryByte()
    {
        var batch = await SubmitAsync();
        var pages = new Dictionary<string, byte[]>();
        while (true)
        {
            var page = await _gateway.Grpc.FetchBatchAsync(new FetchBatchRequest { BatchId = batch.Id });
            Assert.InRange(page.CalculateSize(), 0, MaxMessageBytes);
            if (page.Batch.Requests.Count == 0)
            {
                break;
            }

            foreach (var request in page.Batch.Requests)
            {
                pages.Add(request.Id, await BodyOfAsync(batch.Id, request));
            }
        }

        AssertAll(batch, pages);
        var streamed = new Dictionary<string, byte[]>();
        using var call = _gateway.Grpc.FetchResults(new FetchResultsRequest { BatchId = batch.Id, After = 0 });
        await foreach (var record in call.ResponseStream.ReadAllAsync())
        {
            if (record.Request is { } request)
            {
                streamed.Add(request.Id, await BodyOfAsync(batch.Id, request));
            }
        }

        AssertAll(batch, streamed);
    }

    [Fact]
    public async Task CreateBatch_550PathsOf7900Characters_IsSubmittedOnce()
    {
        var filler = new string('p', 7_890);
        var reply = await _gateway.Grpc.CreateBatchAsync(new CreateBatchRequest
        {
            Requests = { Enumerable.Range(0, 550).Select(i => new Request { Path = $"/{i:0000000}/{filler}" }) },
        });

        Assert.True(reply.Batch.RequestsOmitted);
        Assert.Empty(reply.Batch.Requests);
        var listed = await _gateway.Grpc.ListBatchesAsync(new ListBatchesRequest());
        Assert.Equal(reply.Batch.Id, Assert.Single(listed.Batches).Id);
        await _gateway.Rest.WaitUntilDoneAsync(reply.Batch.Id);
        Assert.Equal(550, _api.Requests.Count);
        var seen = new HashSet<int>();
        while (seen.Count < 550)
        {
            var page = await _gateway.Grpc.FetchBatchAsync(new FetchBatchRequest { BatchId = reply.Batch.Id });
            Assert.NotEmpty(page.Batch.Requests);
            Assert.All(page.Batch.Requests, request => Assert.StartsWith($"/{request.Index:0000000}/", request.Path, StringComparison.Ordinal));
            seen.UnionWith(page.Batch.Requests.Select(request => request.Index));
        }
    }

    [Fact]
    public async Task ReadBody_Cut_GoesOnBehindTheOffset()
    {
        var batch = await SubmitAsync();
        var read = new List<byte>();
        using (var cut = _gateway.Grpc.ReadBody(NewRead(batch, 4, 0)))
        {
            Assert.True(await cut.ResponseStream.MoveNext(CancellationToken.None));
            Assert.Equal(1024 * 1024, cut.ResponseStream.Current.Chunk.Length);
            Assert.Equal(Bodies[4].Length, cut.ResponseStream.Current.Size);
            read.AddRange(cut.ResponseStream.Current.Chunk.Span);
        }

        using var rest = _gateway.Grpc.ReadBody(NewRead(batch, 4, read.Count));
        await foreach (var chunk in rest.ResponseStream.ReadAllAsync())
        {
            read.AddRange(chunk.Chunk.Span);
        }

        Assert.True(read.ToArray().AsSpan().SequenceEqual(Bodies[4]));
        foreach (var (offset, code) in ((long, StatusCode)[])[(-1, StatusCode.InvalidArgument), (Bodies[4].Length + 1, StatusCode.InvalidArgument)])
        {
            using var bad = _gateway.Grpc.ReadBody(NewRead(batch, 4, offset));
            var error = await Assert.ThrowsAsync<RpcException>(() => bad.ResponseStream.MoveNext(CancellationToken.None));
            Assert.Equal(code, error.StatusCode);
        }
    }

    [Fact]
    public async Task RestBody_Whole_IsTheApisWithItsTypeAndNothingToRun()
    {
        var batch = await SubmitAsync();
        using var http = new HttpClient();
        for (var i = 0; i < Bodies.Length; i++)
        {
            using var message = NewGet(batch, i);
            message.Headers.AcceptEncoding.ParseAdd("gzip, br");
            using var response = await http.SendAsync(message);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal("text/html", response.Content.Headers.ContentType?.ToString());
            Assert.Equal(Bodies[i].Length, response.Content.Headers.ContentLength);
            Assert.Empty(response.Content.Headers.ContentEncoding);
            Assert.Equal("attachment", response.Content.Headers.ContentDisposition?.ToString());
            Assert.Equal(["nosniff"], response.Headers.GetValues("X-Content-Type-Options"));
            Assert.StartsWith("default-src 'none'", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
            Assert.Equal(["bytes"], response.Headers.AcceptRanges);
            Assert.True((await response.Content.ReadAsByteArrayAsync()).AsSpan().SequenceEqual(Bodies[i]));
        }

        using var head = new HttpRequestMessage(HttpMethod.Head, NewGet(batch, 4).RequestUri);
        using var none = await http.SendAsync(head);
        Assert.Equal((HttpStatusCode.OK, Bodies[4].Length), (none.StatusCode, none.Content.Headers.ContentLength));
    }

    [Theory]
    [InlineData("bytes=0-0", 0, 1)]
    [InlineData("bytes=100-199", 100, 200)]
    [InlineData("bytes=10380900-", 10_380_900, 10_380_902)]
    [InlineData("bytes=10380900-99999999", 10_380_900, 10_380_902)]
    [InlineData("bytes=10380900-9223372036854775807", 10_380_900, 10_380_902)]
    [InlineData("bytes=-7", 10_380_895, 10_380_902)]
    [InlineData("bytes=-99999999", 0, 10_380_902)]
    public async Task RestBody_Range_IsThatPart(string range, int from, int to)
    {
        var batch = await SubmitAsync();
        using var http = new HttpClient();
        using var message = NewGet(batch, 4);
        message.Headers.TryAddWithoutValidation("Range", range);
        using var response = await http.SendAsync(message);
        Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
        Assert.Equal($"bytes {from}-{to - 1}/{Bodies[4].Length}", response.Content.Headers.ContentRange?.ToString());
        Assert.True((await response.Content.ReadAsByteArrayAsync()).AsSpan().SequenceEqual(Bodies[4].AsSpan(from..to)));
    }

    [Fact]
    public async Task RestBody_RangesThatAreNone_AreAnsweredAsTheRfcSays()
    {
        var batch = await SubmitAsync();
        using var http = new HttpClient();
        foreach (var range in (string[])["bytes=0-1,5-6", "items=0-1", "bytes=5-2", "nonsense"])
        {
            using var message = NewGet(batch, 1);
            message.Headers.TryAddWithoutValidation("Range", range);
            using var whole = await http.SendAsync(message);
            Assert.Equal((HttpStatusCode.OK, Bodies[1].Length), (whole.StatusCode, whole.Content.Headers.ContentLength));
        }

        foreach (var range in (string[])["bytes=1-", "bytes=1-5", "bytes=-0"])
        {
            using var message = NewGet(batch, 1);
            message.Headers.TryAddWithoutValidation("Range", range);
            using var bad = await http.SendAsync(message);
            Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, bad.StatusCode);
            Assert.Equal("bytes */1", bad.Content.Headers.ContentRange?.ToString());
            Assert.Equal("application/json", bad.Content.Headers.ContentType?.MediaType);
        }

        using var other = NewGet(batch, 4);
        other.Headers.Range = new RangeHeaderValue(0, 9);
        other.Headers.IfRange = new RangeConditionHeaderValue(new EntityTagHeaderValue("\"another\""));
        using var all = await http.SendAsync(other);
        Assert.Equal((HttpStatusCode.OK, Bodies[4].Length), (all.StatusCode, all.Content.Headers.ContentLength));

        using var same = NewGet(batch, 4);
        same.Headers.Range = new RangeHeaderValue(0, 9);
        same.Headers.IfRange = new RangeConditionHeaderValue(all.Headers.ETag!);
        using var part = await http.SendAsync(same);
        Assert.Equal((HttpStatusCode.PartialContent, 10), (part.StatusCode, part.Content.Headers.ContentLength));
    }

    private static byte[] BytesOf(int seed, int count)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static void AssertAll(SubmittedBatch batch, Dictionary<string, byte[]> bodies)
    {
        Assert.Equal(Bodies.Length, bodies.Count);
        for (var i = 0; i < Bodies.Length; i++)
        {
            Assert.True(bodies[batch.RequestIds[i]].AsSpan().SequenceEqual(Bodies[i]), $"Body {i} is another one.");
        }
    }

    private static ReadBodyRequest NewRead(SubmittedBatch batch, int index, long offset) =>
        new() { BatchId = batch.Id, RequestId = batch.RequestIds[index], Offset = offset };

    private HttpRequestMessage NewGet(SubmittedBatch batch, int index) =>
        new(HttpMethod.Get, $"{_gateway.Address}{batch.Path}/requests/{batch.RequestIds[index]}/body");

    private async Task<SubmittedBatch> SubmitAsync()
    {
        var batch = await _gateway.Rest.SubmitPathsAsync(Enumerable.Range(0, Bodies.Length).Select(i => $"{i}"));
        await _gateway.Rest.WaitUntilDoneAsync(batch.Id);
        return batch;
    }

    private async Task<byte[]> BodyOfAsync(string batchId, Request request)
    {
        Assert.Equal(request.Response.Size > MaxMessageBytes, request.Response.BodyOmitted);
        Assert.Equal("text/html", request.Response.ContentType);
        if (!request.Response.BodyOmitted)
        {
            return request.Response.Body.ToByteArray();
        }

        using var call = _gateway.Grpc.ReadBody(new ReadBodyRequest { BatchId = batchId, RequestId = request.Id });
        var body = new MemoryStream();
        await foreach (var chunk in call.ResponseStream.ReadAllAsync())
        {
            Assert.InRange(chunk.Chunk.Length, 1, 1024 * 1024);
            chunk.Chunk.WriteTo(body);
        }

        return body.ToArray();
    }
}
