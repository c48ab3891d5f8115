using System.Text;
using System.Text.Json;
using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Running;
using Batching.Engine.Spawning;
using Batching.Engine.Submission;
using Batching.Engine.Upstreams;
using Batching.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Tests.Spawning.Replies;

/// <summary>The pages of public APIs, each in a form that its API documents, and the calls that each must lead to.</summary>
public sealed class PageReplyTests
{
    private static readonly PageReply[] Rows = Read();

    public static TheoryData<int, string> All
    {
        get
        {
            var data = new TheoryData<int, string>();
            for (var i = 0; i < Rows.Length; i++)
            {
                data.Add(i, Rows[i].ToString());
            }

            return data;
        }
    }

    [Fact]
    public void Table_IsLargeAndNamesItsSources()
    {
        Assert.InRange(Rows.Length, 120, int.MaxValue);
        Assert.All(Rows, row => Assert.Equal(Uri.UriSchemeHttps, new Uri(row.Source).Scheme));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Next_OfADocumentedPage_IsTheDocumentedCall(int index, string name)
    {
        var row = Rows[index];
        Assert.Equal(row.ToString(), name);
        using var router = new UpstreamRouter(Options.Create(new BatchEngineOptions
        {
            Upstreams = { new UpstreamOptions { BaseAddress = new Uri("http://api.test") } },
        }));
        var spawner = ToRequest(row);
        var problems = new List<Problem>();
        SpawnerRules.Validate(spawner, new PaginationOptions(), new LimitOptions(), "request", problems);
        Assert.Empty(problems);
        var state = new SpawnerState(PageRules.Of(new PaginationOptions(), spawner.Pagination));
        var query = new PagedQuery(
            new PageRows(spawner, "1", state.Rules, new Timestamp()), 1_000, state, router, maxPageBytes: 1 << 20);
        var first = query.First(new PageRoom(1, null)).Definition!;
        Assert.True(router.TryRoute(first, out var route, out _));
        using var reply = ToReply(row);

        var outcome = query.Next(first, route, reply, new PageRoom(100, null));

        Assert.Null(outcome.Instead);
        if (row.Next.ValueKind == JsonValueKind.String)
        {
            var end = Assert.Single(outcome.Requests).End!;
            Assert.Equal(Failure.BadNextPage, end.Failure);
            Assert.Contains(row.Next.GetString()!, Encoding.UTF8.GetString(end.Body.Span), StringComparison.Ordinal);
            return;
        }

        Assert.Equal(
            row.Next.EnumerateArray().Select(next => next.GetString()),
            outcome.Requests.Select(request => Describe(request, spawner, router)));
    }

    private static string Describe(SpawnedRequest spawned, Request spawner, UpstreamRouter router)
    {
        Assert.True(spawned.End is null, spawned.End is { } end ? Encoding.UTF8.GetString(end.Body.Span) : "");
        var page = PageRow.ToRequest(spawned.Row, spawner);
        Assert.True(router.TryRoute(page, out var route, out var problem), problem?.Message);
        return route.PathAndQuery
            + (page.Body.Length > 0 ? $" {page.Body.ToStringUtf8()}" : "")
            + (page.Headers.TryGetValue("Range", out var range) ? $" [{range}]" : "");
    }

    private static Request ToRequest(PageReply row) => new()
    {
        Path = $"/{row.Path}",
        Method = row.Method,
        Spawner = true,
        ParamsJson = row.Params?.GetRawText() ?? "",
        Body = row.Request is { } body ? ByteString.CopyFromUtf8(Compact(body)) : ByteString.Empty,
        Pagination = row.Pagination is { } pagination ? JsonParser.Default.Parse<Pagination>(pagination.GetRawText()) : null,
    };

    private static string Compact(JsonElement json)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(
            stream, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteTo(writer);
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static UpstreamReply ToReply(PageReply row)
    {
        var headers = string.Concat(
            row.Headers.Append(new("content-type", "application/json")).Select(field => $"{field.Key}: {field.Value}\n"));
        var bytes = Encoding.UTF8.GetBytes(headers + row.Body.GetRawText());
        var buffer = BodyBuffers.Rent(bytes.Length);
        bytes.CopyTo(buffer, 0);
        return UpstreamReply.FromApi(200, buffer, Encoding.UTF8.GetByteCount(headers), bytes.Length);
    }

    private static PageReply[] Read()
    {
        using var stream = typeof(PageReplyTests).Assembly.GetManifestResourceStream("replies.json")!;
        return JsonSerializer.Deserialize<PageReply[]>(stream, JsonSerializerOptions.Web)!;
    }
}
