using System.Net;
using System.Net.Http.Headers;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf;

namespace Batching.Server.Tests.Services;

/// <summary>Where an error of gRPC is in its reply: at the head, or behind it in trailers.</summary>
public sealed class ErrorPlaceTests
{
    /// <summary>Clients make calls again whose error is all of the reply; nginx takes 4 KiB of it.</summary>
    [Theory]
    [InlineData(1, true)]
    [InlineData(100, false)]
    public async Task Error_AsLargeAsItIs_IsAtTheHeadIfItFits(int badRequests, bool isAtTheHead)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        var message = new CreateBatchRequest
        {
            Requests = { Enumerable.Repeat(new Request { Path = "http://elsewhere.example/" }, badRequests) },
        }.ToByteArray();
        byte[] length = [(byte)(message.Length >> 24), (byte)(message.Length >> 16), (byte)(message.Length >> 8), (byte)message.Length];

        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{gateway.Address}/batch.v1.BatchService/CreateBatch")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent([0, .. length, .. message]),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        using var response = await client.SendAsync(request);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());

        var (place, other) = isAtTheHead
            ? ((HttpHeaders)response.Headers, (HttpHeaders)response.TrailingHeaders)
            : (response.TrailingHeaders, response.Headers);
        Assert.Equal("3", Assert.Single(place.GetValues("grpc-status")));
        Assert.NotEmpty(Assert.Single(place.GetValues("grpc-status-details-bin")));
        Assert.False(other.Contains("grpc-status"));
        Assert.InRange(response.Headers.Sum(field => field.Key.Length + field.Value.Sum(value => value.Length)), 1, 4096);
    }
}
