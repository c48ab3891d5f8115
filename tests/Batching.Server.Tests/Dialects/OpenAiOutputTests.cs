using System.Net.Http.Headers;
using Batching.Server.Tests.Infrastructure;
using static Batching.Server.Tests.Dialects.OpenAiClient;

namespace Batching.Server.Tests.Dialects;

/// <summary>The files of results of OpenAI's Batch API.</summary>
public sealed class OpenAiOutputTests : IAsyncLifetime
{
    // More than leaves at a time.
    private const int Lines = 1_000;

    private TestApi _api = null!;
    private Gateway _gateway = null!;
    private string _path = "";
    private string _errors = "";
    private string _whole = "";

    public async Task InitializeAsync()
    {
        _api = await TestApi.StartAsync(static async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            context.Response.StatusCode = (await reader.ReadToEndAsync()).Contains("bad", StringComparison.Ordinal) ? 400 : 200;
            await TestApi.JsonAsync(context, """{"text":"größer € 𝄞"}""");
        });
        _gateway = await Gateway.StartAsync(_api, "--Batch:Dialects:OpenAI:Enabled=true");
        var client = new OpenAiClient(_gateway.Rest);
        var batch = await client.EndAsync(await client.SubmitAsync(string.Join('\n', Enumerable.Range(0, Lines).Select(i => Line
            .Replace("\"a\"", $"\"line-{i}\"", StringComparison.Ordinal)
            .Replace("tiny", i % 2 == 0 ? "good" : "bad", StringComparison.Ordinal)))));
        _path = $"/v1/files/{batch.GetProperty("output_file_id").GetString()}/content";
        _errors = $"/v1/files/{batch.GetProperty("error_file_id").GetString()}/content";
        _whole = await ReadAsync(_path);
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task Get_Whole_IsTheSameEachTime()
    {
        Assert.Equal(Lines / 2, _whole.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal(_whole, await ReadAsync(_path));
        Assert.Equal(Lines / 2, (await ReadAsync(_errors)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        var reply = await _gateway.Rest.GetAsync(_path);
        Assert.Equal("bytes", Assert.Single(reply.Headers.AcceptRanges));
        Assert.NotNull(reply.Headers.ETag);
    }

    [Fact]
    public async Task Get_Range_GivesThatPart()
    {
        // The bytes of the file, which a client puts together of the parts.
        using var http = new HttpClient { BaseAddress = new Uri(_gateway.Address) };
        var whole = await http.GetByteArrayAsync(_path);
        var seed = Environment.TickCount;
        var random = new Random(seed);
        List<(long From, long? To)> ranges = [(0, 0), (0, null), (whole.Length - 1, null), (1, whole.Length * 2L), (65_535, 65_537), (0, whole.Length - 1)];
        ranges.AddRange(Enumerable.Range(0, 30).Select(_ => random.Next(whole.Length)).Select(from => ((long)from, (long?)(from + random.Next(70_000)))));
        foreach (var (from, to) in ranges)
        {
            var last = Math.Min(to ?? long.MaxValue, whole.Length - 1);
            using var request = new HttpRequestMessage(HttpMethod.Get, _path) { Headers = { Range = new RangeHeaderValue(from, to) } };
            using var part = await http.SendAsync(request);
            Assert.True((int)part.StatusCode == 206, $"{from}-{to}: {part} (seed {seed})");
            Assert.Equal($"bytes {from}-{last}/{whole.Length}", part.Content.Headers.ContentRange?.ToString());
            Assert.Equal(last - from + 1, part.Content.Headers.ContentLength);
            Assert.Equal(whole[(int)from..((int)last + 1)], await part.Content.ReadAsByteArrayAsync());
        }
    }

    [Fact]
    public async Task Get_LastBytes_GivesThem()
    {
        // Behind the last letter that has more than one byte.
        var part = await GetAsync(_errors, headers => headers.Range = new RangeHeaderValue(null, 10));
        var whole = await ReadAsync(_errors);
        Assert.Equal((206, whole[^10..]), (part.Status, part.Text));
    }

    [Fact]
    public async Task Get_RangeBehindTheEnd_Is416()
    {
        var length = (await _gateway.Rest.SendAsync(HttpMethod.Head, _path)).ContentHeaders.ContentLength;
        var part = await GetAsync(_path, headers => headers.Range = new RangeHeaderValue(length, null));
        AssertError(part, 416);
        Assert.Equal($"bytes */{length}", part.ContentHeaders.ContentRange?.ToString());
    }

    [Fact]
    public async Task Get_RangeOfAnotherFile_IsAllOfThisOne()
    {
        var tag = (await _gateway.Rest.GetAsync(_path)).Headers.ETag!;
        var same = await GetAsync(_path, Range(tag));
        Assert.Equal((206, _whole[..10]), (same.Status, same.Text));
        var other = await GetAsync(_path, Range(new EntityTagHeaderValue("\"other\"")));
        Assert.Equal((200, _whole), (other.Status, other.Text));

        static Action<HttpRequestHeaders> Range(EntityTagHeaderValue tag) => headers =>
        {
            headers.Range = new RangeHeaderValue(0, 9);
            headers.IfRange = new RangeConditionHeaderValue(tag);
        };
    }

    [Fact]
    public async Task Head_HasTheLengthOfTheFile()
    {
        var head = await _gateway.Rest.SendAsync(HttpMethod.Head, _errors);
        var file = (await _gateway.Rest.GetAsync(_errors[..^"/content".Length])).Success().Json;
        Assert.Equal((200, ""), (head.Status, head.Text));
        Assert.Equal(file.GetProperty("bytes").GetInt64(), head.ContentHeaders.ContentLength);
    }

    private Task<RestReply> GetAsync(string path, Action<HttpRequestHeaders> addHeaders) =>
        _gateway.Rest.SendAsync(HttpMethod.Get, path, addHeaders: addHeaders);

    private async Task<string> ReadAsync(string path) => (await _gateway.Rest.GetAsync(path)).Success().Text;
}
