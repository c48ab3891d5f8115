using Batching.Engine.Model;
using Batching.V1;
using FsCheck.Xunit;
using Google.Protobuf;

namespace Batching.Engine.Tests.Model;

public sealed class RequestWindowTests
{
    [Fact]
    public void Encode_SmallRequests_ClosesAWindowAtItsCount()
    {
        var requests = Requests(RequestWindow.MaxCount + 1, bodyBytes: 0);
        var windows = RequestWindow.Encode(requests, firstIndex: 10);
        Assert.Equal([(10, RequestWindow.MaxCount), (10 + RequestWindow.MaxCount, 1)], Bounds(windows));
        Assert.Equal(requests, windows.SelectMany(Decode));
    }

    [Fact]
    public void Encode_LargerRequests_ClosesAWindowAtItsBytes()
    {
        var requests = Requests(10, bodyBytes: 20_000);
        var windows = RequestWindow.Encode(requests, firstIndex: 0);
        Assert.Equal([(0, 3), (3, 3), (6, 3), (9, 1)], Bounds(windows));
        Assert.Equal(requests, windows.SelectMany(Decode));
        // The frame of each request is beside the bound.
        Assert.All(windows, window => Assert.True(window.Data.Length < RequestWindow.MaxBytes + (window.Count * 8)));
    }

    [Fact]
    public void Encode_RequestLargerThanAWindow_GetsOneOfItsOwn()
    {
        var requests = Requests(1, 10).Concat(Requests(1, RequestWindow.MaxBytes * 2)).Concat(Requests(1, 10)).ToArray();
        var windows = RequestWindow.Encode(requests, firstIndex: 0);
        Assert.Equal([(0, 1), (1, 1), (2, 1)], Bounds(windows));
        Assert.Equal(requests, windows.SelectMany(Decode));
    }

    // Many small requests and some large ones, so that either bound comes first.
    [Property(MaxTest = 200, EndSize = 800)]
    public void Encode_AnySizes_GivesEveryRequestBackWithinTheBounds((byte Kind, byte Size)[] bodies, byte firstIndex)
    {
        var requests = bodies.SelectMany(body => Requests(1, body.Kind == 255 ? body.Size * 512 : body.Size / 4)).ToArray();
        var windows = RequestWindow.Encode(requests, firstIndex);
        Assert.Equal(requests, windows.SelectMany(Decode));
        Assert.Equal(
            windows.Select(window => window.EndIndex).Prepend(firstIndex).SkipLast(1),
            windows.Select(window => window.FirstIndex));
        Assert.All(windows, window => Assert.InRange(window.Count, 1, RequestWindow.MaxCount));
        Assert.All(windows, window => Assert.True(
            window.Count == 1 || window.Data.Length < RequestWindow.MaxBytes + (window.Count * 8)));
    }

    [Fact]
    public void Indexer_SameRequestTwice_GivesMessagesOfTheirOwn()
    {
        var window = RequestWindow.Encode(Requests(3, bodyBytes: 200), firstIndex: 5)[0];
        Assert.Equal((5, 8), (window.FirstIndex, window.EndIndex));
        Assert.NotSame(window[6], window[6]);
        Assert.Equal(window[6].CalculateSize(), window.SizeOf(6));
        Assert.False(window.Holds(4));
        Assert.True(window.Holds(7));
        Assert.False(window.Holds(8));
    }

    [Fact]
    public void Indexer_WhatIsNotAListOfRequests_Throws() =>
        Assert.Throws<InvalidDataException>(() => new RequestWindow(0, 1, [1, 2, 3])[0]);

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

    private static IEnumerable<Request> Decode(RequestWindow window) =>
        Enumerable.Range(window.FirstIndex, window.Count).Select(index => window[index]);

    private static IEnumerable<(int First, int Count)> Bounds(IEnumerable<RequestWindow> windows) =>
        windows.Select(window => (window.FirstIndex, window.Count));
}
