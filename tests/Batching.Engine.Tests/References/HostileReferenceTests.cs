using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Batching.Engine.Configuration;
using Batching.Engine.Content;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;

namespace Batching.Engine.Tests.References;

/// <summary>Values that an API may give, and that would be something else in the place that a reference gives them.</summary>
public sealed partial class HostileReferenceTests : IDisposable
{
    // Alone, around a plain text, and around each other.
    private static readonly string[] Pieces =
    [
        "..", ".", "../", "/..", "..;x=1", "../../etc/passwd", "/", "//", "//evil.example/", "https://evil.example/", "?x=1", "&x=1", "#", "#/x", "@", "u:p@evil.example",
        "%2e", "%2e%2e", "%2e%2e%2f", "%252e%252e%252f", "%2f", "%", "%zz", "%0d%0a", "\r\n", "\r\nX-Evil: 1", "\n", "\0", "\t", " ", "\\", "..\\", "\"", "\",\"evil\":\"1",
        "${src#/values/0}", "$${", "{\"$ref\":\"src#\"}", "</x>", "ü", "\u0085", "\u2028", "\ud83d\ude00", ";", "=", "+", "*", "'", "%c0%ae%c0%ae/", "other", "HTTP/1.1\r\n\r\n",
        "\uff0e\uff0e\u2215", "%uff0e", ":8080", "~",
    ];

    private static readonly string[] Values =
    [
        .. Pieces, .. Pieces.Select(piece => $"a{piece}"), .. Pieces.Select(piece => $"{piece}b"), .. Pieces.Select(piece => $"a{piece}b"),
    ];

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("segment")]
    [InlineData("part")]
    [InlineData("first")]
    [InlineData("query")]
    [InlineData("parameter")]
    [InlineData("params")]
    [InlineData("header")]
    [InlineData("body")]
    public async Task Run_HostileValue_StaysInItsPlaceOrIsRefused(string place)
    {
        await using var other = await TestApi.StartEmptyAsync();
        await using var upstream = await TestApi.StartAsync(context => context.Request.Path.Value == "/src"
            ? TestApi.JsonAsync(context, $$"""{"values":[{{string.Join(',', Values.Select(JsonParams.Encode))}}]}""")
            : Task.CompletedTask);
        await using var engine = await EngineHost.StartAsync(_directory, EngineHost.Upstream(upstream.Url) + (options =>
            options.Upstreams.Add(new UpstreamOptions { BaseAddress = other.Url, Prefix = "/other" })));
        Request[] requests = [new Request { Path = "/src", Key = "src" }, .. Values.Select((_, i) => Make(place, i))];

        var results = (await engine.ResultsAsync((await engine.SubmitAsync(requests)).Id)).ToDictionary(result => result.Index);

        Assert.Empty(other.Requests);
        var sent = upstream.Requests.Where(call => call.Target != "/src").ToDictionary(call => int.Parse(call.Headers["X-Number"]));
        Assert.True(Values.Length >= 200 && sent.Count > (place is "header" ? 100 : 60), $"{sent.Count} of {Values.Length} were sent.");
        for (var i = 0; i < Values.Length; i++)
        {
            var response = results[i + 1].Response;
            if (!sent.TryGetValue(i, out var call))
            {
                Assert.True((response.StatusCode, response.Error.Details[0].Value.ToStringUtf8().Contains("REFERENCE_UNUSABLE", StringComparison.Ordinal)) == (424, true), Values[i]);
                continue;
            }

            Assert.Equal(200, response.StatusCode);
            Assert.Equal(upstream.Url.Authority, call.Headers["Host"]);
            Assert.DoesNotContain("X-Evil", call.Headers.Keys);
            AssertInPlace(place, Values[i], call);
        }
    }

    private static Request Make(string place, int i)
    {
        var reference = $"${{src#/values/{i}}}";
        var request = new Request { Path = "/p/x?k=1", Method = "POST", References = true, Headers = { ["X-Number"] = $"{i}", ["Idempotency-Key"] = $"{i}" } };
        switch (place)
        {
            case "segment":
                request.Path = $"/p/{reference}/end?k=1";
                break;
            case "part":
                request.Path = $"/p/x-{reference}-y/end?k=1";
                break;
            case "first":
                request.Path = $"{reference}/end?k=1";
                break;
            case "query":
                request.Path = $"/p/end?k={reference}&l=2";
                break;
            case "parameter":
                request.Query.Add(new QueryParameter { Name = "n", Value = reference });
                break;
            case "params":
                request.ParamsJson = $$"""{"n": {"$ref": "src#/values/{{i}}"}, "l": 2}""";
                break;
            case "header":
                request.Headers["X-Value"] = $"<{reference}>";
                break;
            default:
                request.Body = ByteString.CopyFromUtf8($$"""{"a":"<{{reference}}>", "b": {"$ref": "src#/values/{{i}}"} }""");
                break;
        }

        return request;
    }

    private static void AssertInPlace(string place, string value, RecordedRequest call)
    {
        var (path, query) = call.Target.Split('?', 2) is [var left, var right] ? (left, right) : (call.Target, "");
        Assert.Matches(Sent(), call.Target);
        Assert.Equal(place is "query" ? 2 : place is "first" ? 2 : place is "segment" or "part" ? 3 : 2, path.Count(c => c == '/'));
        Assert.Equal(place is "query" or "parameter" ? 1 : place is "params" ? 2 : 0, query.Count(c => c == '&'));
        switch (place)
        {
            case "segment":
                Assert.Equal(($"/p/{Uri.EscapeDataString(value)}/end", "k=1"), (path, query));
                break;
            case "part":
                Assert.Equal(($"/p/x-{Uri.EscapeDataString(value)}-y/end", "k=1"), (path, query));
                break;
            case "first":
                Assert.Equal(($"/{Uri.EscapeDataString(value)}/end", "k=1"), (path, query));
                break;
            case "query":
                Assert.Equal(("/p/end", $"k={Uri.EscapeDataString(value)}&l=2"), (path, query));
                break;
            case "parameter":
                Assert.Equal(("/p/x", $"k=1&n={Uri.EscapeDataString(value)}"), (path, query));
                break;
            case "params":
                Assert.Equal(("/p/x", $"k=1&n={Uri.EscapeDataString(value)}&l=2"), (path, query));
                break;
            case "header":
                // As the server has read the bytes.
                Assert.Equal($"<{value}>", call.Headers["X-Value"]);
                break;
            default:
                using (var body = JsonDocument.Parse(call.Body))
                {
                    Assert.Equal(
                        (2, $"<{value}>", value),
                        (body.RootElement.EnumerateObject().Count(), body.RootElement.GetProperty("a").GetString(), body.RootElement.GetProperty("b").GetString()));
                }

                break;
        }
    }

    // What no reader takes for anything but a path and a query.
    [GeneratedRegex(@"^/[A-Za-z0-9\-._~%/]*\?[A-Za-z0-9\-._~%=&]*$")]
    private static partial Regex Sent();
}
