using System.Net.Http.Headers;
using System.Text.Json;

namespace Batching.Testing;

/// <summary>A reply of the gateway, read to its end.</summary>
public sealed class RestReply(int status, HttpResponseHeaders headers, HttpContentHeaders contentHeaders, string text)
{
    private readonly Lazy<JsonElement> _json = new(() =>
    {
        using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 600 });
        return document.RootElement.Clone();
    });

    public int Status => status;

    public HttpResponseHeaders Headers => headers;

    public HttpContentHeaders ContentHeaders => contentHeaders;

    public string Text => text;

    public JsonElement Json => _json.Value;

    public JsonElement Batch => Json.GetProperty("Batch"u8);

    public IReadOnlyList<JsonElement> Requests => [.. Batch.GetProperty("Requests"u8).EnumerateArray()];

    /// <summary>The ids of a list of batches.</summary>
    public IReadOnlyList<string> BatchIds =>
        [.. Json.GetProperty("Batches").EnumerateArray().Select(batch => batch.GetProperty("id").GetString()!)];

    /// <summary>The fields that an error names.</summary>
    public IReadOnlyList<string> ErrorFields =>
        [.. Json.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("field").GetString()!)];

    /// <summary>The reply, which has to be a success.</summary>
    public RestReply Success()
    {
        Assert.True(status == 200, $"HTTP {status}: {text}");
        return this;
    }

    /// <summary>The reply, which has to be this error, the same in the status line and the body.</summary>
    public RestReply Error(int expectedStatus, string expectedName)
    {
        Assert.True(status == expectedStatus, $"HTTP {status} instead of {expectedStatus}: {text}");
        Assert.Equal("application/json", contentHeaders.ContentType?.MediaType);
        Assert.Equal(expectedStatus, Json.GetProperty("statusCode").GetInt32());
        Assert.Equal(expectedName, Json.GetProperty("error").GetString());
        Assert.NotEmpty(Json.GetProperty("message").GetString()!);
        return this;
    }
}
