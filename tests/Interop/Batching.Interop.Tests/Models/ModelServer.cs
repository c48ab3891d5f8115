using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Batching.Interop.Tests.Models;

/// <summary>
/// A stub of a self-hosted model server: it answers single chat completions and messages, with the last word of the prompt, and has no
/// batches. <c>slow N</c> in front of a prompt makes it wait for N ms, <c>bad</c> makes it refuse, and <c>busy N</c> makes it answer the first
/// N calls of that prompt with 429 and <c>Retry-After: 1</c>.
/// </summary>
internal static class ModelServer
{
    public static Task<TestApi> StartAsync()
    {
        var busy = new ConcurrentDictionary<string, int>();
        return TestApi.StartAsync(context => AnswerAsync(context, busy));
    }

    /// <summary>A line of an input file.</summary>
    public static string Line(string id, string prompt) => JsonSerializer.Serialize(new
    {
        custom_id = id,
        method = "POST",
        url = "/v1/chat/completions",
        body = new { model = "tiny", messages = new[] { new { role = "user", content = prompt } } },
    });

    private static async Task AnswerAsync(HttpContext context, ConcurrentDictionary<string, int> busy)
    {
        using var body = await JsonDocument.ParseAsync(context.Request.Body);
        var prompt = body.RootElement.GetProperty("messages")[0].GetProperty("content").GetString()!.Split(' ');
        if (prompt[0] == "slow")
        {
            await Task.Delay(
                TimeSpan.FromMilliseconds(int.Parse(prompt[1], CultureInfo.InvariantCulture)),
                TimeProvider.System,
                context.RequestAborted);
        }

        if (prompt[0] == "busy"
            && busy.AddOrUpdate(string.Join(' ', prompt), 1, (_, count) => count + 1) <= int.Parse(prompt[1], CultureInfo.InvariantCulture))
        {
            context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
            context.Response.Headers.RetryAfter = "1";
            await TestApi.JsonAsync(context, """{"error":{"message":"later","type":"rate_limit_error","code":429}}""");
            return;
        }

        if (prompt[0] == "bad")
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            await TestApi.JsonAsync(context, """{"error":{"message":"no","type":"BadRequestError","code":400}}""");
            return;
        }

        var isChat = context.Request.Path == "/v1/chat/completions";
        await TestApi.JsonAsync(context, isChat
            ? $$$"""{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"tiny","choices":[{"index":0,"message":{"role":"assistant","content":"{{{prompt[^1]}}}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"""
            : $$$"""{"id":"msg_1","type":"message","role":"assistant","model":"tiny","content":[{"type":"text","text":"{{{prompt[^1]}}}"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}""");
    }
}
