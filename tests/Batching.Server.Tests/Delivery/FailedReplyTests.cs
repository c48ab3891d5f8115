using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf;

namespace Batching.Server.Tests.Delivery;

/// <summary>Replies that fail while they are written: only one whose status is OK, ended in order, counts.</summary>
public sealed class FailedReplyTests
{
    [Theory]
    [InlineData("v0", "/api/v0/batch/{0}", null)]
    [InlineData("v0 lines", "/api/v0/batch/{0}/results", "application/x-ndjson")]
    [InlineData("v0 events", "/api/v0/batch/{0}/results", "text/event-stream")]
    [InlineData("v1", "/api/v1/batches/{0}/results", null)]
    [InlineData("v1 stream", "/api/v1/batches/{0}/results:stream", null)]
    [InlineData("gRPC", "FetchBatch", "application/grpc")]
    [InlineData("gRPC stream", "FetchResults", "application/grpc")]
    [InlineData("gRPC-Web", "FetchBatch", "application/grpc-web")]
    [InlineData("gRPC-Web stream", "FetchResults", "application/grpc-web")]
    [InlineData("gRPC-Web text", "FetchBatch", "application/grpc-web-text")]
    public async Task Fetch_FailsWhileItIsWritten_ResultComesAgain(string name, string path, string? type)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartBehindAsync(new FailingWrite(), api);
        gateway.ErrorsAreExpected = true;
        var failed = await SubmitAsync(gateway);
        var whole = await SubmitAsync(gateway);

        await SendAsync(gateway, failed, path, type, fails: true);
        await SendAsync(gateway, whole, path, type, fails: false);

        Assert.Contains(gateway.Logs.Errors, entry => entry.Contains(FailingWrite.Message, StringComparison.Ordinal));
        Assert.True((await FetchAsync(gateway, failed)).Count == 1, $"{name}: what was not written counts as received.");
        Assert.True((await FetchAsync(gateway, whole)).Count == 0, $"{name}: what was written does not count.");
    }

    private static async Task<SubmittedBatch> SubmitAsync(Gateway gateway)
    {
        var batch = await gateway.Rest.SubmitPathsAsync("x");
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);
        return batch;
    }

    private static async Task<IReadOnlyList<JsonElement>> FetchAsync(Gateway gateway, SubmittedBatch batch) =>
        (await gateway.Rest.GetAsync(batch.Path)).Success().Requests;

    private static async Task SendAsync(Gateway gateway, SubmittedBatch batch, string path, string? type, bool fails)
    {
        using var http = new HttpClient { BaseAddress = new Uri(gateway.Address) };
        using var request = type?.StartsWith("application/grpc", StringComparison.Ordinal) == true
            ? NewRpc(batch, path, type)
            : NewGet(batch, path, type);
        if (fails)
        {
            request.Headers.Add(FailingWrite.Header, "1");
        }

        try
        {
            using var response = await http.SendAsync(request);
            await response.Content.ReadAsByteArrayAsync();
        }
        catch (HttpRequestException) when (fails)
        {
            // Half a reply must not pass for a whole one.
        }
    }

    private static HttpRequestMessage NewGet(SubmittedBatch batch, string path, string? accept)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path.Replace("{0}", batch.Id, StringComparison.Ordinal));
        if (accept is not null)
        {
            request.Headers.Accept.ParseAdd(accept);
        }

        return request;
    }

    private static HttpRequestMessage NewRpc(SubmittedBatch batch, string method, string type)
    {
        // The messages of both calls begin alike.
        var message = new FetchBatchRequest { BatchId = batch.Id }.ToByteArray();
        byte[] frame = [0, 0, 0, 0, (byte)message.Length, .. message];
        var isText = type.EndsWith("-text", StringComparison.Ordinal);
        var isWeb = type.Contains("-web", StringComparison.Ordinal);
        var request = new HttpRequestMessage(HttpMethod.Post, $"/batch.v1.BatchService/{method}")
        {
            Content = isText
                ? new StringContent(Convert.ToBase64String(frame))
                : new ByteArrayContent(frame),
            Version = isWeb ? HttpVersion.Version11 : HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        if (!isWeb)
        {
            request.Headers.TE.ParseAdd("trailers");
        }

        return request;
    }
}
