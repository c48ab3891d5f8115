using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Batching.Rest.Tests.Api;

/// <summary>Says what the API was asked: the parts that do not vary.</summary>
internal static class EchoAnswer
{
    public static async Task WriteAsync(HttpContext context)
    {
        var request = context.Request;
        using var reader = new StreamReader(request.Body);
        var body = await reader.ReadToEndAsync();
        var echo = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string>
        {
            ["method"] = request.Method,
            ["target"] = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget,
            ["type"] = request.ContentType ?? "",
            ["authorization"] = request.Headers.Authorization.ToString(),
            ["trace"] = request.Headers["X-Trace"].ToString(),
            ["body"] = body,
        });
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = echo.Length;
        await context.Response.Body.WriteAsync(echo);
    }
}
