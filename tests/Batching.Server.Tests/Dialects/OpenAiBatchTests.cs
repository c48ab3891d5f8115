using System.Security.Cryptography;
using System.Text;
using Batching.Server.Tests.Infrastructure;
using Grpc.Core;
using static Batching.Server.Tests.Dialects.OpenAiClient;

namespace Batching.Server.Tests.Dialects;

/// <summary>Batches of OpenAI's Batch API.</summary>
public sealed class OpenAiBatchTests
{
    private const string Enabled = "--Batch:Dialects:OpenAI:Enabled=true";

    [Fact]
    public async Task Batch_OfOpenAi_IsABatchForAllOtherPaths()
    {
        await using var api = await ModelApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, Enabled);
        var client = new OpenAiClient(gateway.Rest);
        var id = await client.SubmitAsync(Line);
        var batch = await client.EndAsync(id);
        Assert.Equal("completed", batch.GetProperty("status").GetString());

        var plain = id["batch_".Length..];
        Assert.Equal([plain], (await gateway.Rest.GetAsync(RestClient.BatchPath)).Success().BatchIds);
        var request = Assert.Single((await gateway.Rest.GetAsync($"{RestClient.BatchPath}/{plain}")).Success().Requests);
        Assert.Equal("a", request.GetProperty("key").GetString());
        await gateway.Grpc.CancelBatchAsync(new V1.CancelBatchRequest { BatchId = plain });
        (await gateway.Rest.SendAsync(HttpMethod.Delete, $"{RestClient.BatchPath}/{plain}")).Success();
        AssertError(await gateway.Rest.GetAsync($"/v1/batches/{id}"), 404);

        // The other way round they are not OpenAI's.
        await gateway.Rest.SubmitPathsAsync("x");
        Assert.Empty((await gateway.Rest.GetAsync("/v1/batches")).Success().Json.GetProperty("data").EnumerateArray());
    }

    [Fact]
    public async Task Paths_SwitchedOff_AreNothing()
    {
        await using var api = await ModelApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        var reply = await gateway.Rest.GetAsync("/v1/files");
        Assert.Equal((404, 5), (reply.Status, reply.Json.GetProperty("code").GetInt32()));
        var answer = await gateway.Rest.RunAsync("""{"path":"/v1/batches/1"}""");
        Assert.Equal(200, answer.GetProperty("responseStatusCode").GetInt32());
    }

    [Fact]
    public async Task Paths_SwitchedOn_AreNoPlaceForRequests()
    {
        await using var api = await ModelApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, Enabled);
        (await gateway.Rest.PostAsync("""[{"path":"/v1/batches/1"}]""")).Error(400, "INVALID_ARGUMENT");
        (await gateway.Rest.PostAsync("""[{"path":"/v1/files"}]""")).Error(400, "INVALID_ARGUMENT");
        var rpc = await Assert.ThrowsAsync<RpcException>(() => RpcAsync(gateway));
        Assert.Equal(StatusCode.Unimplemented, rpc.StatusCode);

        static async Task RpcAsync(Gateway gateway)
        {
            using var channel = global::Grpc.Net.Client.GrpcChannel.ForAddress(gateway.Address);
            await new Batching.Contracts.OpenAi.OpenAiBatchService.OpenAiBatchServiceClient(channel)
                .ListBatchesAsync(new Batching.Contracts.OpenAi.ListBatchesRequest());
        }
    }

    [Fact]
    public async Task BasePath_OfOurOwn_IsTheOnlyOne()
    {
        await using var api = await ModelApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, Enabled, "--Batch:Dialects:OpenAI:BasePath=/openai/v1");
        var client = new OpenAiClient(gateway.Rest, "/openai/v1");
        Assert.Equal("completed", (await client.EndAsync(await client.SubmitAsync(Line))).GetProperty("status").GetString());
        Assert.Equal(404, (await gateway.Rest.GetAsync("/v1/batches")).Status);
        (await gateway.Rest.PostAsync("""[{"path":"/openai/v1/batches"}]""")).Error(400, "INVALID_ARGUMENT");
    }

    [Fact]
    public async Task Identity_ApiKey_IsTheOwnerAndStaysHere()
    {
        var hash = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes("key-of-the-gateway")));
        await using var api = await ModelApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(
            api,
            Enabled,
            "--Batch:Identity:Mode=ApiKey",
            "--Batch:Identity:ApiKeys:0:Owner=shop",
            $"--Batch:Identity:ApiKeys:0:Hash={hash}",
            "--Batch:Identity:ApiKeys:0:Authorization=Bearer of-the-model-server");
        using var rest = gateway.RestAs("Bearer key-of-the-gateway");
        var client = new OpenAiClient(rest);
        await client.EndAsync(await client.SubmitAsync(Line));
        Assert.Equal("Bearer of-the-model-server", Assert.Single(api.Requests).Headers["Authorization"]);

        using var stranger = gateway.RestAs("Bearer unknown");
        AssertError(await stranger.GetAsync("/v1/batches"), 401);
    }

    [Fact]
    public async Task Post_BadOrTooLarge_SaysWhy()
    {
        await using var api = await ModelApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(
            api, Enabled, "--Batch:Dialects:OpenAI:FileLines=2", "--Batch:Dialects:OpenAI:LineBytes=1024");
        var client = new OpenAiClient(gateway.Rest);
        var file = await client.UploadAsync(Line);
        AssertError(await gateway.Rest.PostAsync("{", "/v1/batches"), 400);
        AssertError(await gateway.Rest.PostAsync("{}", "/v1/batches"), 400, "input_file_id");
        AssertError(await client.SubmitFileAsync(file, ""","metadata":{"a":1}"""), 400, "metadata");
        AssertError(await client.SubmitFileAsync(file, ""","output_expires_after":{"anchor":"created_at","seconds":1}"""), 400, "output_expires_after.seconds");
        AssertError(await client.SubmitFileAsync(file.Replace("file-", "", StringComparison.Ordinal)), 400, "input_file_id");

        Assert.Equal("too_many_requests", await FailAsync($"{Line}\n{Named("b")}\n{Named("c")}"));
        Assert.Equal("invalid_json_line", await FailAsync($"\n{Line}"));
        Assert.Equal("too_many_requests", await FailAsync($"{Line}\n\n\n\n{Named("b")}"));
        Assert.Equal("empty_file", await FailAsync("\r\n \n"));
        Assert.Equal("invalid_url", await FailAsync(Line.Replace("completions\"", "completionsX\"", StringComparison.Ordinal)));
        Assert.Equal("invalid_url", await FailAsync(Line.Replace("completions\"", "completions/../x\"", StringComparison.Ordinal)));
        Assert.Equal("line_too_long", await FailAsync(Line.Replace("tiny", new string('t', 200_000), StringComparison.Ordinal)));
        Assert.Equal("invalid_json_line", await FailAsync("[1]"));
        Assert.Equal("invalid_json_line", await FailAsync($"{Line} {Line}"));
        Assert.Equal("missing_required_parameter", await FailAsync("""{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":[]}"""));
        Assert.Equal("invalid_request", await FailAsync(Line.Replace("\"a\"", $"\"{new string('a', 300)}\"", StringComparison.Ordinal)));

        async Task<string?> FailAsync(string text)
        {
            var batch = await client.EndAsync(await client.SubmitAsync(text));
            Assert.Equal("failed", batch.GetProperty("status").GetString());
            return batch.GetProperty("errors").GetProperty("data")[0].GetProperty("code").GetString();
        }
    }

    [Theory]
    [InlineData("{0}\n{1}")]
    [InlineData("{0}\n{1}\n")]
    [InlineData("{0}\r\n{1}\r\n")]
    [InlineData("{0}\n{1}\n\n \r\n\n")]
    [InlineData("\uFEFF{0}\r\n{1}")]
    public async Task Post_FileInAnyForm_IsRun(string form)
    {
        await using var api = await ModelApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, Enabled);
        var client = new OpenAiClient(gateway.Rest);
        var batch = await client.EndAsync(await client.SubmitAsync(
            form.Replace("{0}", Line, StringComparison.Ordinal).Replace("{1}", Named("b"), StringComparison.Ordinal)));

        Assert.Equal("""{"total":2,"completed":2,"failed":0}""", batch.GetProperty("request_counts").GetRawText());
        Assert.Equal(
            ["""{"model":"tiny","messages":[]}""", """{"model":"tiny","messages":[]}"""],
            api.Requests.Select(request => Encoding.UTF8.GetString(request.Body)));
    }

    [Fact]
    public async Task Post_LineBelowTheEndpoint_GoesThere()
    {
        await using var api = await ModelApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, Enabled);
        var client = new OpenAiClient(gateway.Rest);
        await client.EndAsync(await client.SubmitAsync(Line.Replace("completions\"", "completions/fast?x=1\"", StringComparison.Ordinal)));
        Assert.Equal("/v1/chat/completions/fast?x=1", Assert.Single(api.Requests).Target);
    }

    [Theory]
    [InlineData("None", "0 1 2 3 4 5 6 7")]
    [InlineData("Model", "0 2 4 6 1 3 5 7")]
    [InlineData("ModelAndPrompt", "0 4 2 6 1 5 3 7")]
    public async Task GroupBy_ModelAndPrompt_IsTheOrderOfTheCalls(string groupBy, string order)
    {
        await using var api = await ModelApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(
            "", Enabled, $"--Batch:Dialects:OpenAI:GroupBy={groupBy}", "--Batch:Upstreams:0:MaxConcurrency=1", $"--Batch:Upstreams:0:BaseAddress={api.Address}");
        var client = new OpenAiClient(gateway.Rest);
        var batch = await client.EndAsync(await client.SubmitAsync(string.Join('\n', Enumerable.Range(0, 8).Select(Prompt)) + "\n\n"));
        Assert.Equal("completed", batch.GetProperty("status").GetString());

        // Which group comes first is a matter of hashes, and so is the order of prompts that go on differently: what counts is that each
        // group stands together.
        var calls = api.Requests.Select(request => Encoding.UTF8.GetString(request.Body)[^5] - '0').ToArray();
        var wanted = order.Split(' ').Select(number => number[0] - '0').ToArray();
        var size = groupBy == "ModelAndPrompt" ? 2 : groupBy == "Model" ? 4 : 8;
        Assert.Equal(
            wanted.Chunk(size).Select(group => string.Join(' ', group)).Order(StringComparer.Ordinal),
            calls.Chunk(size).Select(group => string.Join(' ', size == 2 ? group.Order() : group.AsEnumerable())).Order(StringComparer.Ordinal));
        Assert.True(size == 8 || calls[..4].All(call => call % 2 == calls[0] % 2), string.Join(' ', calls));

        // Lines of two models, with prompts that have one of two beginnings of a hundred letters.
        static string Prompt(int i) => Named($"{i}").Replace("tiny", i % 2 == 0 ? "even" : "odd", StringComparison.Ordinal)
            .Replace("[]", $$"""[{"role":"system","content":"{{new string(i / 2 % 2 == 0 ? 'x' : 'y', 100)}}{{i}}"}]""", StringComparison.Ordinal);
    }

    [Fact]
    public async Task GroupBy_BadLines_AreNamedByTheirPlaceInTheFile()
    {
        await using var api = await ModelApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, Enabled, "--Batch:Dialects:OpenAI:GroupBy=Model");
        var client = new OpenAiClient(gateway.Rest);
        var other = Line.Replace("tiny", "other", StringComparison.Ordinal);
        var batch = await client.EndAsync(await client.SubmitAsync(
            $"{other}\n{Named("b")}\n{other.Replace("\"a\"", "\"c\"", StringComparison.Ordinal)}\n\n{Named("d")}\n{Named("d")}\n{other.Replace("\"a\"", "\"c\"", StringComparison.Ordinal)}"));
        Assert.Equal(
            [(4, "invalid_json_line"), (6, "duplicate_custom_id"), (7, "duplicate_custom_id")],
            batch.GetProperty("errors").GetProperty("data").EnumerateArray()
                .Select(error => (error.GetProperty("line").GetInt32(), error.GetProperty("code").GetString()!)));
        Assert.Empty(api.Requests);
    }

    [Fact]
    public async Task Start_NoUpstreamForModels_SaysSo()
    {
        await using var api = await ModelApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(
            "", Enabled, "--Batch:Upstreams:0:Prefix=/crm", $"--Batch:Upstreams:0:BaseAddress={api.Address}");
        Assert.Contains(gateway.Logs.Entries, entry => entry.Text.Contains("/v1/chat/completions", StringComparison.Ordinal));
        var client = new OpenAiClient(gateway.Rest);
        AssertError(await client.SubmitFileAsync(await client.UploadAsync(Line)), 400, "endpoint");
    }

    private static string Named(string id) => Line.Replace("\"a\"", $"\"{id}\"", StringComparison.Ordinal);
}
