using System.Net;
using System.Net.Http.Headers;

namespace Batching.Rest.Tests.Http;

/// <summary>Makes one call over HTTP/2 with prior knowledge (RFC 9113, section 3.3).</summary>
internal static class Http2Client
{
    private static readonly UriCreationOptions AsItIs = new() { DangerousDisablePathAndQueryCanonicalization = true };

    /// <inheritdoc cref="Http1Client.SendAsync"/>
    public static async Task<HttpReply> SendAsync(string authority, HttpCall call, CancellationToken cancellationToken)
    {
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false };
        using var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        using var request = MakeRequest(authority, call);
        using var response = await client.SendAsync(
            request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        using var body = new MemoryStream();
        var isCut = false;
        try
        {
            await response.Content.CopyToAsync(body, cancellationToken);
        }
        catch (HttpRequestException)
        {
            isCut = true;
        }

        return new HttpReply
        {
            Status = (int)response.StatusCode,
            IsCut = isCut,
            Headers = [.. Flatten(response.Headers.NonValidated), .. Flatten(response.Content.Headers.NonValidated)],
            Trailers = [.. Flatten(response.TrailingHeaders.NonValidated)],
            Body = body.ToArray(),
        };
    }

    private static HttpRequestMessage MakeRequest(string authority, HttpCall call)
    {
        var request = new HttpRequestMessage(
            new HttpMethod(call.Method), new Uri($"http://{authority}{call.Target}", AsItIs))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = call.Body is { } body ? new ByteArrayContent(body) : null,
        };
        foreach (var (name, value) in call.Headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value)
                && request.Content?.Headers.TryAddWithoutValidation(name, value) != true)
            {
                throw new FormatException($"The field {name} can't be sent over HTTP/2 here.");
            }
        }

        return request;
    }

    private static IEnumerable<KeyValuePair<string, string>> Flatten(HttpHeadersNonValidated headers) =>
        headers.SelectMany(field => field.Value.Select(value => KeyValuePair.Create(field.Key, value)));
}
