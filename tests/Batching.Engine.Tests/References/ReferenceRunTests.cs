using System.Text;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Microsoft.AspNetCore.Http;

namespace Batching.Engine.Tests.References;

public sealed class ReferenceRunTests : IDisposable
{
    // Digits that no double has, and a string that is not as JSON has it.
    private const string Source = """{"id": 90071992547409931234, "price":1.50,"name":"a/b ü","list":[ {"x" : 1e2}, null ],"none":null,"empty":""}""";

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Run_EachPlace_GetsTheValue()
    {
        await using var upstream = await StartApiAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var use = new Request
        {
            Path = "/use/${src#/id}/x${src#/name}?q=${src#/name}&s=${src.status}",
            Method = "POST",
            References = true,
            Query = { new QueryParameter { Name = "n", Value = "<${src#/price}>" } },
            ParamsJson = """{"id": {"$ref": "src#/id"}, "all": {"$ref":"src#/list"}, "no": {"$ref":"src#/none"}, "t":"${src#/name}$${x}"}""",
            Headers = { ["X-Etag"] = "${src.headers.etag};${src#/price}" },
            Body = ByteString.CopyFromUtf8("""{"a": {"$ref":"src#/list"}, "b":"${src#/name}!", "c" : {"$ref": "src.status"}, "d":{"$ref":"src.headers.etag"}}"""),
        };

        var batch = await engine.SubmitAsync([use, Named("src")]);

        var results = await engine.ResultsAsync(batch.Id);
        Assert.Equal([200, 200], results.Select(result => result.Response.StatusCode));
        var sent = upstream.Requests.Last();
        Assert.Equal(
            "/use/90071992547409931234/xa%2Fb%20%C3%BC?q=a%2Fb%20%C3%BC&s=200&n=%3C1.50%3E&id=90071992547409931234"
            + "&all=%7B%22x%22%20%3A%201e2%7D&t=a%2Fb%20%C3%BC%24%7Bx%7D",
            sent.Target);
        Assert.Equal("\"v1\";1.50", sent.Headers["X-Etag"]);
        Assert.Equal("""{"a": [ {"x" : 1e2}, null ], "b":"a/b ü!", "c" : 200, "d":"\"v1\""}""", sent.Text);

        // What it depends on is shown, and the rest as it was given.
        Assert.Equal(
            ("src", true, "/use/${src#/id}/x${src#/name}?q=${src#/name}&s=${src.status}"),
            (string.Join(',', results[1].DependsOn), results[1].References, results[1].Path));
        Assert.Equal(0, engine.Get<MemoryBudgets>().Dependencies.Used);
    }

    [Fact]
    public async Task Run_ParamsThatAreAMessage_GoOutAsTheyWouldWithoutReferences()
    {
        await using var upstream = await StartApiAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        Request With(string text) => new()
        {
            Path = "/use",
            DependsOn = { "src" },
            Params = Struct.Parser.ParseJson($$$"""{"n": 1e21, "i": 12345678, "b": true, "z": null, "list": [1.5, "x", {"a": 1}], "o": {"k": [1, 2]}, "t": "{{{text}}}"}"""),
        };

        await engine.ResultsAsync((await engine.SubmitAsync([Named("src"), With("1.50")])).Id);
        await engine.ResultsAsync((await engine.SubmitAsync([Named("src"), With("${src#/price}")])).Id);

        var targets = upstream.Requests.Where(call => call.Target != "/src").Select(call => call.Target).ToArray();
        Assert.Equal(2, targets.Length);
        Assert.Equal(targets[0], targets[1]);
    }

    [Theory]
    [InlineData("${src#/nothing}", "REFERENCE_NOT_FOUND", "The reference 'src#/nothing' is to a value that the body does not have.")]
    [InlineData("${src#/list/2}", "REFERENCE_NOT_FOUND", "The reference 'src#/list/2' is to a value that the body does not have.")]
    [InlineData("${src.headers.x-none}", "REFERENCE_NOT_FOUND", "The reference 'src.headers.x-none' is to a header field that the response does not have.")]
    [InlineData("${text#/a}", "REFERENCE_NOT_FOUND", "The reference 'text#/a' is to a body that is not JSON.")]
    [InlineData("${none#/a}", "REFERENCE_NOT_FOUND", "The reference 'none#/a' is to a response without a body.")]
    [InlineData("${walk#/items}", "REFERENCE_NOT_FOUND", "The reference 'walk#/items' is to a response without a body.")]
    [InlineData("${large#/a}", "REFERENCE_NOT_FOUND", "The reference 'large#/a' is to a body that can't be decoded, or has more than 4000 bytes (Batch:Limits:ReferencedBodyBytes).")]
    [InlineData("${value#/a}", "REFERENCE_NOT_FOUND", "The reference 'value#/a' is to a value of 1002 bytes; the limit is 500 (Batch:Limits:ReferencedValueBytes).")]
    [InlineData("${src#/none}", "REFERENCE_UNUSABLE", "The value of 'src#/none' is null, which can't stand in a text.")]
    [InlineData("${src#/list}", "REFERENCE_UNUSABLE", "The value of 'src#/list' is an array, which can't stand in a text.")]
    [InlineData("${src#/empty}", "REFERENCE_UNUSABLE", "The value of 'src#/empty' is empty, and would leave a hole in the path.")]
    [InlineData("${src#/id}${src#/id}${src#/id}${src#/id}", "REFERENCE_UNUSABLE", "With the values of its references it is longer than 64 characters.")]
    [InlineData("${bad#/a}", "DEPENDENCY_FAILED", "It depends on 'bad', which has not succeeded.")]
    public async Task Run_NothingToPutThere_Is424WithTheReference(string text, string reason, string message)
    {
        await using var upstream = await StartApiAsync();
        await using var engine = await EngineHost.StartAsync(_directory, EngineHost.Upstream(upstream.Url) + (options =>
        {
            options.Limits.ReferencedBodyBytes = 4000;
            options.Limits.ReferencedValueBytes = 500;
            options.Limits.PathLength = 64;
        }));
        var walk = Named("walk");
        walk.Spawner = true;

        var batch = await engine.SubmitAsync(
        [
            new Request { Key = "use", Path = $"/use/{text}", References = true },
            Named("src"), Named("text"), Named("none"), Named("large"), Named("value"), Named("bad"), walk,
        ]);

        var result = (await engine.ResultsAsync(batch.Id)).Single(result => result.Key == "use");
        Assert.Equal((424, message, reason), (
            result.Response.StatusCode,
            result.Response.Error.Message,
            Assert.Single(result.Response.Error.Details).Unpack<ErrorInfo>().Reason));
        Assert.DoesNotContain(upstream.Requests, call => call.Target.StartsWith("/use", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_NotAskedFor_SendsTheTextAsItIs()
    {
        await using var upstream = await StartApiAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        const string body = """{"$ref": "src#/id", "t": "${src#/id} ${HOME}"}""";
        Request Use() => new() { Path = "/use", Method = "POST", Body = ByteString.CopyFromUtf8(body), Headers = { ["X-A"] = "${src#/id}" } };
        var off = Use();
        off.DependsOn.Add("src");
        off.References = false;

        await engine.ResultsAsync((await engine.SubmitAsync([Named("src"), Use(), off])).Id);

        var sent = upstream.Requests.Where(call => call.Target == "/use").ToArray();
        Assert.Equal(2, sent.Length);
        Assert.All(sent, call => Assert.Equal((body, "${src#/id}"), (call.Text, call.Headers["X-A"])));
    }

    // A value that looks like a reference is none, also where the request is sent on.
    [Fact]
    public async Task Run_BodyThatIsNoJson_IsSentAsItIs()
    {
        await using var upstream = await StartApiAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var text = new Request { Path = "/use", Method = "POST", DependsOn = { "src" }, Body = ByteString.CopyFromUtf8("done ${src#/id}") };
        var form = new Request
        {
            Path = "/use",
            Method = "POST",
            DependsOn = { "src" },
            Headers = { ["content-type"] = "text/plain" },
            Body = ByteString.CopyFromUtf8("\"${src#/id}\""),
        };

        await engine.ResultsAsync((await engine.SubmitAsync([Named("src"), text, form])).Id);

        Assert.Equal(
            ["\"${src#/id}\"", "done ${src#/id}"],
            upstream.Requests.Where(call => call.Target == "/use").Select(call => call.Text).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Run_EscapesAlone_AreTakenOffWithoutAnyDependency()
    {
        await using var upstream = await StartApiAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);

        await engine.ResultsAsync((await engine.SubmitAsync(
            [new Request { Path = "/use", Method = "POST", References = true, Body = ByteString.CopyFromUtf8("""{"$$ref":"$${x}"}""") }])).Id);

        Assert.Equal("""{"$ref":"${x}"}""", Assert.Single(upstream.Requests).Text);
    }

    [Fact]
    public async Task Submit_BadReferences_AreRefusedByField()
    {
        await using var upstream = await StartApiAsync();
        await using var engine = await EngineHost.StartAsync(
            _directory, EngineHost.Upstream(upstream.Url) + (options => options.Limits.ReferencesPerRequest = 2));
        Request Use(Action<Request> change)
        {
            var request = new Request { Path = "/use", References = true };
            change(request);
            return request;
        }

        var answer = await engine.Submitter.SubmitAsync(
            EngineHost.Alice,
            [
                Named("src"),
                Use(request => request.Path = "/a/${src}"),
                Use(request => request.Headers["X-A"] = "${src#id}"),
                Use(request => request.ParamsJson = """{"$ref": "src#"}"""),
                Use(request => request.Body = ByteString.CopyFromUtf8("""{"a":1,"$ref":"src#"}""")),
                Use(request => request.Query.Add(new QueryParameter { Value = "${src#" })),
                Use(request => request.Path = "/%2${src#/id}"),
                Use(request => request.Path = "/../${src#/id}"),
                Use(request => request.Path = "/${src#/a}/${src#/b}/${src#/c}"),
                Use(request => (request.Path, request.Spawner) = ("/${src#/a}", true)),
                Use(request => (request.Path, request.Key) = ("/${unknown#/a}${self#}", "self")),
            ],
            [],
            CancellationToken.None);

        Assert.Equal(
            [
                "requests[1].path has the reference 'src', which must be key#/json/pointer, key.status or key.headers.name; $${ stands for the text ${",
                "requests[2].headers[X-A] has the reference 'src#id', which has a JSON Pointer that does not begin with a slash; $${ stands for the text ${",
                "requests[3].params_json can't be a reference as a whole: each of them can; a member $$ref is sent as $ref",
                "requests[4].body has a member $ref beside others; a member $$ref is sent as $ref",
                "requests[5].query[0].value has ${ without the } that ends it; $${ stands for the text ${",
                "requests[6].path has an incomplete percent-encoding or is not valid Unicode",
                "requests[7].path must not contain the segments . and .., in any encoding",
                "requests[8].references are 3; the limit is 2 (Batch:Limits:ReferencesPerRequest)",
                "requests[9].references can't stand in a spawner; where references is false, such a text is sent as it is",
                "requests[10].references are to a key that no request of this batch has",
                "requests[10].references are to the request itself",
            ],
            Assert.IsType<Refusal.Invalid>(answer.Refusal).Problems.Select(problem => $"{problem.Field} {problem.Message}"));
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task Run_AfterARestart_ReadsTheStoredResult()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(context => context.Request.Path.Value switch
        {
            "/held" => gate.PassAsync(context),
            "/src" => TestApi.JsonAsync(context, Source),
            _ => Task.CompletedTask,
        });
        Batch batch;
        await using (var engine = await EngineHost.StartAsync(_directory, upstream))
        {
            batch = await engine.SubmitAsync(
            [
                Named("src"), Named("held"),
                new Request { Path = "/use/${src#/id}", DependsOn = { "held" } },
            ]);
            await gate.UntilEnteredAsync(1);
            await engine.UntilFinishedAsync(batch.Id, 1);
            await engine.StopAsync();
        }

        gate.Open();
        await using (var engine = await EngineHost.StartAsync(_directory, upstream))
        {
            Assert.All(await engine.ResultsAsync(batch.Id), result => Assert.Equal(200, result.Response.StatusCode));
            Assert.Equal(0, engine.Get<MemoryBudgets>().Dependencies.Used);
        }

        Assert.Equal("/use/90071992547409931234", upstream.Requests.Last().Target);
        Assert.Equal(1, upstream.Requests.Count(call => call.Target == "/src"));
    }

    [Fact]
    public async Task Upload_References_Run()
    {
        await using var upstream = await StartApiAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        Request[] requests = [.. Enumerable.Range(0, 500).Select(i => new Request { Path = $"/use/{i}/${{src#/id}}", References = true }), Named("src")];

        var answer = await engine.Uploader.UploadAsync(
            EngineHost.Alice, requests.Chunk(100).ToAsyncEnumerable<IReadOnlyList<Request>>(), default, default);

        Assert.True(answer.Succeeded, answer.Refusal?.Message);
        Assert.All(await engine.ResultsAsync(answer.Value.Id), result => Assert.Equal(200, result.Response.StatusCode));
        Assert.Equal(500, upstream.Requests.Count(call => call.Target.EndsWith("/90071992547409931234", StringComparison.Ordinal)));
        Assert.Equal(0, engine.Get<MemoryBudgets>().Receiving.Used);
    }

    private static Request Named(string key) => new() { Path = $"/{key}", Key = key };

    private static Task<TestApi> StartApiAsync() => TestApi.StartAsync(context =>
    {
        switch (context.Request.Path.Value)
        {
            case "/src":
                context.Response.Headers.ETag = "\"v1\"";
                return TestApi.JsonAsync(context, Source);
            case "/text":
                return TestApi.BytesAsync(context, "text/plain", "not JSON"u8.ToArray());
            case "/large":
                return TestApi.JsonAsync(context, $$"""{"a":1,"b":"{{new string('x', 5000)}}"}""");
            case "/value":
                return TestApi.JsonAsync(context, $$"""{"a":"{{new string('x', 1000)}}"}""");
            case "/walk":
                return TestApi.JsonAsync(context, """{"items":[]}""");
            case "/bad":
                context.Response.StatusCode = 404;
                return Task.CompletedTask;
            default:
                return Task.CompletedTask;
        }
    });
}
