using System.Text;
using System.Text.Json;

namespace Batching.Server.Tests.Dialects;

/// <summary>Calls of OpenAI's Batch API, byte for byte.</summary>
internal sealed class OpenAiClient(RestClient rest, string root = "/v1")
{
    public const string Line =
        """{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"tiny","messages":[]}}""";

    /// <summary>A form with a file, as most clients write it.</summary>
    public static string Form(string file, string more = "") =>
        $"--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n{more}"
        + "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"in.jsonl\"\r\n"
        + $"Content-Type: application/octet-stream\r\n\r\n{file}\r\n--b--\r\n";

    /// <summary>A field of a form.</summary>
    public static string Field(string name, string value) =>
        $"--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n";

    public Task<RestReply> SendFormAsync(string body, string contentType = "multipart/form-data; boundary=b")
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        return rest.SendAsync(HttpMethod.Post, $"{root}/files", content);
    }

    public async Task<string> UploadAsync(string file) =>
        (await SendFormAsync(Form(file))).Success().Json.GetProperty("id").GetString()!;

    public async Task<string> SubmitAsync(string file) =>
        (await SubmitFileAsync(await UploadAsync(file))).Success().Json.GetProperty("id").GetString()!;

    public Task<RestReply> SubmitFileAsync(string id, string more = "") => rest.PostAsync(
        $$"""{"input_file_id":"{{id}}","endpoint":"/v1/chat/completions","completion_window":"24h"{{more}}}""",
        $"{root}/batches");

    public async Task<JsonElement> EndAsync(string id)
    {
        JsonElement batch = default;
        await Eventually.BeTrueAsync(
            async () =>
            {
                batch = (await rest.GetAsync($"{root}/batches/{id}")).Success().Json;
                return batch.GetProperty("status").GetString() is "completed" or "failed" or "expired" or "cancelled";
            },
            $"the end of {id}");
        return batch;
    }

    public static void AssertError(RestReply reply, int status, string? param = null)
    {
        Assert.True(reply.Status == status, $"HTTP {reply.Status} instead of {status}: {reply.Text}");
        var error = reply.Json.GetProperty("error");
        Assert.NotEmpty(error.GetProperty("message").GetString()!);
        Assert.NotEmpty(error.GetProperty("type").GetString()!);
        Assert.Equal(param, error.GetProperty("param").GetString());
        Assert.StartsWith("req_", Assert.Single(reply.Headers.GetValues("x-request-id")), StringComparison.Ordinal);
    }
}
