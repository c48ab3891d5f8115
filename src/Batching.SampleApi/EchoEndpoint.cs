using System.Text;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;

namespace Batching.SampleApi;

/// <summary>Answers with the call as it arrived.</summary>
internal static class EchoEndpoint
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    public static async Task<IResult> Echo(HttpRequest request)
    {
        using var buffer = new MemoryStream();
        await request.Body.CopyToAsync(buffer, request.HttpContext.RequestAborted);
        var (body, encoding) = Text(buffer.ToArray());
        return Reply.Json(new Echoed(
            request.Method,
            $"{request.PathBase}{request.Path}",
            request.QueryString.ToString(),
            request.Query.ToDictionary(parameter => parameter.Key, parameter => parameter.Value.ToArray()),
            request.Headers.ToDictionary(field => field.Key.ToLowerInvariant(), field => field.Value.ToString()),
            body,
            encoding));
    }

    private static (string Body, string? Encoding) Text(byte[] bytes)
    {
        try
        {
            return (StrictUtf8.GetString(bytes), null);
        }
        catch (DecoderFallbackException)
        {
            return (Convert.ToBase64String(bytes), "base64");
        }
    }

    /// <param name="Query">As sent, with its question mark.</param>
    /// <param name="Params">The query taken apart.</param>
    /// <param name="BodyEncoding"><c>base64</c> if the body is no text in UTF-8, else absent.</param>
    private sealed record Echoed(
        string Method,
        string Path,
        string Query,
        IReadOnlyDictionary<string, string?[]> Params,
        IReadOnlyDictionary<string, string> Headers,
        string Body,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? BodyEncoding);
}
