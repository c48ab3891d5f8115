using Batching.Engine.Storage;
using Batching.V1;
using Google.Protobuf;

namespace Batching.Engine.Tests.Storage;

public sealed class RequestWindowTests
{
    [Fact]
    public void Encode_SmallRequests_ClosesAWindowAtItsCount()
    {
        var requests = Requests(RequestWindow.MaxCount + 1, bodyBytes: 0);
        var windows = RequestWindow.Encode(requests, firstIndex: 10);
        Assert.Equal([(10, RequestWindow.MaxCount), (10 + RequestWindow.MaxCount, 1)], Bounds(windows));
        Assert.Equal(requests, windows.SelectMany(window => window.Decode()));
    }

    [Fact]
    public void Encode_LargerRequests_ClosesAWindowAtItsBytes()
    {
        var requests = Requests(10, bodyBytes: 20_000);
        var windows = RequestWindow.Encode(requests, firstIndex: 0);
        Assert.Equal([(0, 3), (3, 3), (6, 3), (9, 1)], Bounds(windows));
        Assert.Equal(requests, windows.SelectMany(window => window.Decode()));
        // The frame of each request is beside the bound.
        Assert.All(windows, window => Assert.True(window.Data.Length < RequestWindow.MaxBytes + (window.Count * 8)));
    }

    [Fact]
    public void Encode_RequestLargerThanAWindow_GetsOneOfItsOwn()
    {
        var requests = Requests(1, 10).Concat(Requests(1, RequestWindow.MaxBytes * 2)).Concat(Requests(1, 10)).ToArray();
        var windows = RequestWindow.Encode(requests, firstIndex: 0);
        Assert.Equal([(0, 1), (1, 1), (2, 1)], Bounds(windows));
        Assert.Equal(requests, windows.SelectMany(window => window.Decode()));
    }

    [Fact]
    public void Encode_Nothing_GivesNoWindow() => Assert.Empty(RequestWindow.Encode([], firstIndex: 0));

    private static Request[] Requests(int count, int bodyBytes) =>
    [
        .. Enumerable.Range(0, count).Select(i => new Request
        {
            Path = $"/items/{i}",
            Method = "POST",
            Headers = { ["X-Number"] = $"{i}" },
            Body = ByteString.CopyFrom(new byte[bodyBytes]),
        }),
    ];

    private static IEnumerable<(int First, int Count)> Bounds(IEnumerable<RequestWindow> windows) =>
        windows.Select(window => (window.FirstIndex, window.Count));
}
