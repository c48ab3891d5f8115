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
        await using var gateway = await GatewayProcess.StartAsync(
            ("Batch:Upstream", model.Address), ("Batch:Dialects:OpenAI:Enabled", "true"));
        var endpoint = new Uri($"{gateway.Address}/v1");
        var files = new OpenAIFileClient(new ApiKeyCredential("dotnet"), new OpenAIClientOptions { Endpoint = endpoint });
        var batches = new BatchClient(new ApiKeyCredential("dotnet"), new BatchClientOptions { Endpoint = endpoint });
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
