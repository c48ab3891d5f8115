using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json;
using OpenAI;
using OpenAI.Batch;
using OpenAI.Files;

namespace Batching.Interop.Tests.Models;

/// <summary>The client library that OpenAI has for .NET, as its package has it.</summary>
public sealed class OpenAiPackageTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Batches_WholeLife_Work()
    {
        await using var model = await ModelServer.StartAsync();
        await using var gateway = await StartAsync(model.Address);
        var (files, batches) = ClientsOf(gateway);
        using var deadline = new CancellationTokenSource(Deadline);

        var first = await RunAsync(batches, await UploadAsync(files, ("a", "say one"), ("b", "bad")), deadline.Token);
        Assert.Equal("completed", first.GetProperty("status").GetString());
        Assert.Equal("one", await ReadAnswerAsync(files, first.GetProperty("output_file_id").GetString()!));
        var errors = await files.DownloadFileAsync(first.GetProperty("error_file_id").GetString()!);
        Assert.Contains("\"custom_id\":\"b\"", errors.Value.ToString(), StringComparison.Ordinal);

        var failed = await RunAsync(batches, await UploadAsync(files, ("a", "x"), ("a", "y")), deadline.Token);
        Assert.Equal("failed", failed.GetProperty("status").GetString());
        Assert.Equal(2, failed.GetProperty("errors").GetProperty("data")[0].GetProperty("line").GetInt32());

        var slow = await BeginAsync(batches, await UploadAsync(files, ("a", "slow 100000 x")));
        await slow.CancelAsync(options: null);
        await slow.WaitForCompletionAsync(deadline.Token);
        Assert.Equal("cancelled", (await StateAsync(slow)).GetProperty("status").GetString());

        // Page by page.
        var listed = new List<string>();
        await foreach (var batch in batches.GetBatchesAsync(new BatchCollectionOptions { PageSizeLimit = 1 }, deadline.Token))
        {
            listed.Add(batch.Id);
        }

        Assert.Equal(3, listed.Distinct().Count());
        Assert.Equal(first.GetProperty("id").GetString(), listed[^1]);

        var kept = (await files.GetFilesAsync()).Value;
        Assert.Equal(3, kept.Count);
        Assert.True((await files.DeleteFileAsync(kept[0].Id)).Value.Deleted);
        var gone = await Assert.ThrowsAsync<ClientResultException>(() => files.GetFileAsync(kept[0].Id));
        Assert.Equal(404, gone.Status);
        gateway.AssertNoErrors();
    }

    [Fact]
    public async Task Batches_ApiThatIsBusy_AreAnsweredAllTheSame()
    {
        await using var model = await ModelServer.StartAsync();
        await using var gateway = await StartAsync(model.Address);
        var (files, batches) = ClientsOf(gateway);
        using var deadline = new CancellationTokenSource(Deadline);

        var batch = await RunAsync(batches, await UploadAsync(files, ("a", "busy 1 one")), deadline.Token);
        Assert.Equal("completed", batch.GetProperty("status").GetString());
        Assert.Equal("one", await ReadAnswerAsync(files, batch.GetProperty("output_file_id").GetString()!));
        Assert.Equal(2, model.Requests.Count);
        gateway.AssertNoErrors();
    }

    [Fact]
    public async Task Batches_GatewayKilled_GoOn()
    {
        await using var model = await ModelServer.StartAsync();
        await using var gateway = await StartAsync(model.Address);
        var (files, batches) = ClientsOf(gateway);
        using var deadline = new CancellationTokenSource(Deadline);
        var lines = Enumerable.Range(0, 200).Select(i => ($"{i}", $"slow 100 {i}")).ToArray();
        var operation = await BeginAsync(batches, await UploadAsync(files, lines));
        await Eventually.BeTrueAsync(
            async () => (await StateAsync(operation)).GetProperty("request_counts").GetProperty("completed").GetInt32() > 5,
            "the first requests are done");
        await gateway.KillAsync();
        await gateway.RestartAsync();

        // The same object goes on: the client knows nothing of it.
        await operation.WaitForCompletionAsync(deadline.Token);
        var batch = await StateAsync(operation);
        Assert.Equal("""{"total":200,"completed":200,"failed":0}""", batch.GetProperty("request_counts").GetRawText());
        var output = (await files.DownloadFileAsync(batch.GetProperty("output_file_id").GetString()!)).Value.ToString();
        Assert.Equal(200, output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Distinct().Count());
        gateway.AssertNoErrors();
    }

    [Fact]
    public async Task Batches_TimeOver_AreExpired()
    {
        await using var model = await ModelServer.StartAsync();
        await using var gateway = await StartAsync(model.Address, ("Batch:Dialects:OpenAI:CompletionWindow", "00:00:15"));
        var (files, batches) = ClientsOf(gateway);
        using var deadline = new CancellationTokenSource(Deadline);

        var batch = await RunAsync(batches, await UploadAsync(files, ("a", "say one"), ("b", "slow 100000 x")), deadline.Token);
        Assert.Equal("expired", batch.GetProperty("status").GetString());
        Assert.True(batch.GetProperty("expired_at").GetInt64() >= batch.GetProperty("expires_at").GetInt64());
        Assert.Equal("one", await ReadAnswerAsync(files, batch.GetProperty("output_file_id").GetString()!));
        var errors = (await files.DownloadFileAsync(batch.GetProperty("error_file_id").GetString()!)).Value.ToString();
        Assert.Contains("\"batch_expired\"", errors, StringComparison.Ordinal);
        gateway.AssertNoErrors();
    }

    private static Task<GatewayProcess> StartAsync(string upstream, params (string Key, string Value)[] settings) =>
        GatewayProcess.StartAsync([("Batch:Upstream", upstream), ("Batch:Dialects:OpenAI:Enabled", "true"), .. settings]);

    private static (OpenAIFileClient Files, BatchClient Batches) ClientsOf(GatewayProcess gateway)
    {
        var endpoint = new Uri($"{gateway.Address}/v1");
        return (
            new OpenAIFileClient(new ApiKeyCredential("dotnet"), new OpenAIClientOptions { Endpoint = endpoint }),
            new BatchClient(new ApiKeyCredential("dotnet"), new BatchClientOptions { Endpoint = endpoint }));
    }

    private static async Task<string> UploadAsync(OpenAIFileClient files, params (string Id, string Prompt)[] lines)
    {
        var text = string.Join('\n', lines.Select(line => ModelServer.Line(line.Id, line.Prompt)));
        var file = await files.UploadFileAsync(BinaryData.FromString(text), "in.jsonl", FileUploadPurpose.Batch);
        return file.Value.Id;
    }

    private static Task<CreateBatchOperation> BeginAsync(BatchClient batches, string file) => batches.CreateBatchAsync(
        BinaryContent.Create(BinaryData.FromObjectAsJson(new
        {
            input_file_id = file,
            endpoint = "/v1/chat/completions",
            completion_window = "24h",
        })),
        waitUntilCompleted: false);

    private static async Task<JsonElement> RunAsync(BatchClient batches, string file, CancellationToken cancellationToken)
    {
        var operation = await BeginAsync(batches, file);
        await operation.WaitForCompletionAsync(cancellationToken);
        return await StateAsync(operation);
    }

    private static async Task<JsonElement> StateAsync(CreateBatchOperation operation)
    {
        var reply = await operation.GetBatchAsync(new RequestOptions());
        return JsonElement.Parse(reply.GetRawResponse().Content);
    }

    private static async Task<string?> ReadAnswerAsync(OpenAIFileClient files, string id)
    {
        var content = await files.DownloadFileAsync(id);
        return JsonElement.Parse(content.Value.ToString().TrimEnd()).GetProperty("response").GetProperty("body")
            .GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString();
    }
}
