using Batching.Engine.Submission;
using Batching.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Engine.Tests.Submission;

public sealed class ContentHashTests
{
    [Fact]
    public void Finish_MapsInAnyOrder_IsTheSame()
    {
        Assert.Equal(
            HashOf(Request(["x-a", "x-b", "x-c"], """{"b": 1, "a": {"d": 1, "c": 2}}""")),
            HashOf(Request(["x-c", "x-a", "x-b"], """{"a": {"c": 2, "d": 1}, "b": 1}""")));
    }

    [Fact]
    public void Finish_AnyOtherContent_IsAnother()
    {
        Request[] requests =
        [
            new() { Path = "a" },
            new() { Path = "b" },
            new() { Path = "a", Method = "POST" },
            new() { Path = "a", Body = ByteString.CopyFromUtf8("b") },
            new() { Path = "a", ParamsJson = "{}" },
            new() { Path = "a", Spawner = true },
            new() { Path = "a", Headers = { ["x"] = "" } },
            new() { Path = "a", Query = { new QueryParameter { Name = "x" } } },
        ];
        var hashes = requests.Select(request => HashOf(request)).ToList();
        hashes.Add(HashOf(requests[0], requests[1]));
        hashes.Add(HashOf(requests[1], requests[0]));
        hashes.Add(HashOf(requests[0], requests[0]));
        hashes.Add(HashOf());

        Assert.Equal(hashes.Count, hashes.Distinct().Count());
    }

    [Fact]
    public void Finish_LargeBodies_CoversEveryByte()
    {
        var body = new byte[3_000_000];
        var before = HashOf(new Request { Path = "a", Body = ByteString.CopyFrom(body) });
        body[^1] = 1;

        Assert.NotEqual(before, HashOf(new Request { Path = "a", Body = ByteString.CopyFrom(body) }));
    }

    private static Request Request(string[] names, string parameters)
    {
        var request = new Request { Path = "a", Params = Struct.Parser.ParseJson(parameters) };
        foreach (var name in names)
        {
            request.Headers.Add(name, "1");
        }

        return request;
    }

    private static string HashOf(params Request[] requests)
    {
        using var hash = new ContentHash();
        Array.ForEach(requests, hash.Add);
        return hash.Finish(SubmissionTerms.None);
    }
}
