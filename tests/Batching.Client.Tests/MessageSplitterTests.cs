using Batching.Client.Internal;
using Batching.V1;
using Google.Protobuf;

namespace Batching.Client.Tests;

public sealed class MessageSplitterTests
{
    [Theory]
    [InlineData(0, new[] { 0 })]
    [InlineData(1, new[] { 1 })]
    [InlineData(3, new[] { 3 })]
    [InlineData(4, new[] { 3, 1 })]
    [InlineData(7, new[] { 3, 3, 1 })]
    public async Task Split_ByCount_FillsEachMessage(int requests, int[] expected)
    {
        var messages = await SplitAsync(
            Enumerable.Repeat(new Request { Path = "x" }, requests), new BatchClientOptions { RequestsPerMessage = 3 });

        Assert.Equal(expected, messages.Select(message => message.Requests.Count));
    }

    [Fact]
    public async Task Split_ByBytes_KeepsEachMessageBelow()
    {
        var sizes = new[] { 100, 900, 500, 400, 3_000, 10, 1_000 };
        var messages = await SplitAsync(
            sizes.Select(size => new Request { Path = new string('x', size) }), new BatchClientOptions { BytesPerMessage = 1_024 });

        Assert.Equal(sizes, messages.SelectMany(message => message.Requests).Select(request => request.Path.Length));
        Assert.All(messages, message => Assert.True(
            message.CalculateSize() <= 1_024 || message.Requests.Count == 1, $"{message.CalculateSize()} bytes"));
        Assert.Equal(5, messages.Count);
    }

    private static async Task<List<UploadBatchRequest>> SplitAsync(IEnumerable<Request> requests, BatchClientOptions options) =>
        await MessageSplitter.SplitAsync(requests.ToAsyncEnumerable(), options).ToListAsync();
}
