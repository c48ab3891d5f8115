using System.Net.Http.Headers;
using Batching.Server.Tests.Infrastructure;
using static Batching.Server.Tests.Dialects.OpenAiClient;

namespace Batching.Server.Tests.Dialects;

/// <summary>Files of OpenAI's Batch API.</summary>
public sealed class OpenAiFileTests : IAsyncLifetime
{
    private TestApi _api = null!;
    private Gateway _gateway = null!;
    private OpenAiClient _client = null!;

    public async Task InitializeAsync()
    {
        _api = await ModelApi.StartAsync();
        _gateway = await Gateway.StartAsync(
            _api,
            "--Batch:Dialects:OpenAI:Enabled=true",
            "--Batch:Dialects:OpenAI:FileBytes=1048576",
            "--Batch:Quotas:StoredBytes=2097152");
        _client = new OpenAiClient(_gateway.Rest);
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _api.DisposeAsync();
    }

    // As NuGet's OpenAI 2.15.0 writes it, and others in between.
    [Theory]
    [InlineData("multipart/form-data; boundary=\"7Ig=jt7_b\"", "7Ig=jt7_b", "name=file; filename=in.jsonl; filename*=utf-8''in.jsonl", "name=purpose")]
    [InlineData("multipart/form-data; boundary=b", "b", "name=\"file\"; filename=\"in.jsonl\"", "name=\"purpose\"")]
    [InlineData("Multipart/Form-Data; charset=utf-8; boundary=b", "b", "name=file; filename=in.jsonl", "name=purpose")]
    public async Task Post_AnyFormOfTheForm_StoresTheFile(string type, string boundary, string file, string purpose)
    {
        const string Text = "--b no boundary\r\n--\r\n\n{}\n";
        var body = $"--{boundary}\r\nContent-Disposition: form-data; {file}\r\n\r\n{Text}\r\n"
            + $"--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; {purpose}\r\n\r\nbatch\r\n"
            + $"--{boundary}--\r\n";
        if (boundary == "b")
        {
            body = body.Replace("--b no", "- -b no", StringComparison.Ordinal);
        }

        var reply = (await _client.SendFormAsync(body, type)).Success().Json;
        Assert.Equal("in.jsonl", reply.GetProperty("filename").GetString());
        var content = (await _gateway.Rest.GetAsync($"/v1/files/{reply.GetProperty("id").GetString()}/content")).Success();
        Assert.Equal(boundary == "b" ? Text.Replace("--b", "- -b", StringComparison.Ordinal) : Text, content.Text);
        Assert.Equal(content.Text.Length, reply.GetProperty("bytes").GetInt64());
    }

    [Fact]
    public async Task Post_Bad_IsRefusedAndStoresNothing()
    {
        AssertError(await _client.SendFormAsync(Form("x"), "application/json"), 415);
        AssertError(await _client.SendFormAsync(Form("x"), "multipart/form-data"), 415);
        AssertError(await _client.SendFormAsync(Form("x")[..^20]), 400);
        AssertError(await _client.SendFormAsync("nothing"), 400);
        AssertError(await _client.SendFormAsync($"{Field("purpose", "batch")}--b--\r\n"), 400, "file");
        AssertError(await _client.SendFormAsync(Form("x").Replace("\nbatch\r", "\nvision\r", StringComparison.Ordinal)), 400, "purpose");
        AssertError(await _client.SendFormAsync(Form("x", Field("expires_after[anchor]", "now"))), 400, "expires_after.anchor");
        AssertError(await _client.SendFormAsync(
            Form("x", Field("expires_after[anchor]", "created_at") + Field("expires_after[seconds]", "1"))), 400, "expires_after.seconds");
        AssertError(await _client.SendFormAsync(Form(new string('x', 1_048_577))), 413);
        Assert.Empty((await _gateway.Rest.GetAsync("/v1/files")).Success().Json.GetProperty("data").EnumerateArray());
    }

    [Fact]
    public async Task Post_Expiry_IsThatOfTheCallerUpToTheLimit()
    {
        var more = Field("expires_after[anchor]", "created_at") + Field("expires_after[seconds]", "3600");
        var file = (await _client.SendFormAsync(Form("x", more))).Success().Json;
        Assert.Equal(3600, file.GetProperty("expires_at").GetInt64() - file.GetProperty("created_at").GetInt64());
    }

    [Fact]
    public async Task Get_Range_GivesThatPart()
    {
        var text = string.Concat(Enumerable.Range(0, 50_000).Select(i => $"{i:D5}\n"));
        var path = $"/v1/files/{await _client.UploadAsync(text)}/content";
        var part = await _gateway.Rest.SendAsync(
            HttpMethod.Get, path, addHeaders: headers => headers.Range = new RangeHeaderValue(65_530, 65_599));
        Assert.Equal((206, text[65_530..65_600]), (part.Status, part.Text));
        Assert.Equal($"bytes 65530-65599/{text.Length}", part.ContentHeaders.ContentRange?.ToString());
        AssertError(await _gateway.Rest.SendAsync(
            HttpMethod.Get, path, addHeaders: headers => headers.Range = new RangeHeaderValue(text.Length, null)), 416);
        Assert.Equal(text, (await _gateway.Rest.GetAsync(path)).Success().Text);
    }

    [Fact]
    public async Task List_EitherOrder_HasAllFilesOnce()
    {
        var ids = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            ids.Add(await _client.UploadAsync($"{i}"));
        }

        Assert.Equal(ids, await PagesAsync("asc"));
        Assert.Equal(ids.AsEnumerable().Reverse(), await PagesAsync("desc"));
        AssertError(await _gateway.Rest.GetAsync("/v1/files?order=up"), 400, "order");
        AssertError(await _gateway.Rest.GetAsync("/v1/files?order=asc&after=1"), 400, "after");

        async Task<List<string>> PagesAsync(string order)
        {
            var found = new List<string>();
            while (true)
            {
                var after = found.Count > 0 ? $"&after={found[^1]}" : "";
                var page = (await _gateway.Rest.GetAsync($"/v1/files?limit=2&order={order}{after}")).Success().Json;
                found.AddRange(page.GetProperty("data").EnumerateArray().Select(file => file.GetProperty("id").GetString()!));
                if (!page.GetProperty("has_more").GetBoolean())
                {
                    return found;
                }
            }
        }
    }

    [Fact]
    public async Task Post_BeyondTheQuota_IsRefusedUntilSomethingIsDeleted()
    {
        var large = new string('x', 900_000);
        var first = await _client.UploadAsync(large);
        await _client.UploadAsync(large);
        var refused = await _client.SendFormAsync(Form(large));
        AssertError(refused, 429);
        Assert.NotNull(refused.Headers.RetryAfter);

        (await _gateway.Rest.SendAsync(HttpMethod.Delete, $"/v1/files/{first}")).Success();
        await _client.UploadAsync(large);
    }
}
