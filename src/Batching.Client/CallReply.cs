using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Batching.Client.Internal;
using Batching.V1;
using Google.Rpc;

namespace Batching.Client;

/// <summary>The outcome of one call: the API's response, or the gateway's in its place.</summary>
public class CallReply
{
    // Encoded bodies that are larger when decoded are an attack, or belong in a stream.
    private const int MaxDecodedBytes = 256 * 1024 * 1024;

    private const string UntypedJson = "Reflects over the type. Use the overload that takes a JsonTypeInfo.";

    internal CallReply(Response response) => Response = response;

    /// <summary>The response as the contract has it.</summary>
    public Response Response { get; }

    /// <summary>
    /// The status code of the API, or the one that the gateway answers in its place: 502 (unreachable, reset, too large,
    /// interrupted), 504 (timed out), 499 (cancelled); in a keyed batch also 400 for a call that is refused.
    /// </summary>
    public int StatusCode => Response.StatusCode;

    /// <summary>Whether the API has answered with a status from 200 to 299.</summary>
    public bool IsSuccess => Response.Error is null && StatusCode is >= 200 and <= 299;

    /// <summary>
    /// The reason why the gateway had to answer itself, such as <c>UPSTREAM_UNREACHABLE</c> or <c>INTERRUPTED</c>. Null if the API has answered.
    /// </summary>
    public string? Failure => Response.Error is not { } error ? null
        : error.Details.FirstOrDefault(detail => detail.Is(ErrorInfo.Descriptor)) is { } detail ? detail.Unpack<ErrorInfo>().Reason
        : CodeNames.Of(error.Code);

    /// <summary>The gateway's explanation of a <see cref="Failure"/>. Null if the API has answered.</summary>
    public string? FailureMessage => Response.Error?.Message;

    /// <summary>The header fields of the API, names in lower case.</summary>
    public IDictionary<string, string> Headers => Response.Headers;

    /// <summary>The content type of the body; empty if the API has not said it.</summary>
    public string ContentType => Response.ContentType;

    /// <summary>Bytes of the API's body, whether it is here or not.</summary>
    public long Size => Response.Size;

    /// <summary>The body is not here because it is too large; <see cref="BatchHandle.CopyBodyToAsync"/> reads it.</summary>
    public bool IsBodyOmitted => Response.BodyOmitted;

    /// <summary>The batch has expired: body and header fields are deleted.</summary>
    public bool IsExpired => Response.Expired;

    /// <summary>The body, byte for byte as the API sent it. Empty if it is not here.</summary>
    public ReadOnlyMemory<byte> Body => Response.Body.Memory;

    /// <summary>Undoes what the API's <c>Content-Encoding</c> says: <c>gzip</c>, <c>deflate</c> or <c>br</c>. APIs are asked for none.</summary>
    /// <param name="maxBytes">Bytes that the body may have then.</param>
    /// <param name="body">The body; as it came if that can't be done.</param>
    /// <returns>False if the encoding is another one, or wrong, or the body has more bytes.</returns>
    public bool TryDecodeBody(int maxBytes, out ReadOnlyMemory<byte> body) =>
        BodyDecoder.TryDecode(Body, Response.ContentEncoding, maxBytes, out body);

    /// <summary>The body as text in UTF-8; what is not UTF-8 becomes U+FFFD.</summary>
    /// <exception cref="InvalidOperationException">The body is not here.</exception>
    public string ReadText() => Encoding.UTF8.GetString(GetDecodedBody().Span);

    /// <summary>The body as JSON.</summary>
    /// <param name="type">How it is read, from a <see cref="System.Text.Json.Serialization.JsonSerializerContext"/>.</param>
    /// <exception cref="JsonException">It is not such JSON.</exception>
    /// <exception cref="InvalidOperationException">The body is not here.</exception>
    public T? ReadJson<T>(JsonTypeInfo<T> type) => JsonSerializer.Deserialize(GetJson().Span, type);

    /// <summary>The body as JSON, by reflection.</summary>
    /// <param name="options">How it is read; <see cref="JsonSerializerOptions.Web"/> by default.</param>
    /// <exception cref="JsonException">It is not such JSON.</exception>
    /// <exception cref="InvalidOperationException">The body is not here.</exception>
    [RequiresUnreferencedCode(UntypedJson)]
    [RequiresDynamicCode(UntypedJson)]
    public T? ReadJson<T>(JsonSerializerOptions? options = null) =>
        JsonSerializer.Deserialize<T>(GetJson().Span, options ?? JsonSerializerOptions.Web);

    /// <summary>Throws unless the API has answered with a status from 200 to 299.</summary>
    /// <exception cref="CallFailedException">It has not.</exception>
    public void EnsureSuccess()
    {
        if (!IsSuccess)
        {
            throw new CallFailedException(this);
        }
    }

    private ReadOnlyMemory<byte> GetJson()
    {
        var body = GetDecodedBody();
        return body.Span.StartsWith("\uFEFF"u8) ? body["\uFEFF"u8.Length..] : body;
    }

    private ReadOnlyMemory<byte> GetDecodedBody() =>
        IsExpired ? throw new InvalidOperationException("The body is deleted: the batch has expired.")
        : IsBodyOmitted ? throw new InvalidOperationException($"The body of {Size} bytes is not here: read it with {nameof(BatchHandle)}.{nameof(BatchHandle.CopyBodyToAsync)}.")
        : TryDecodeBody(MaxDecodedBytes, out var body) ? body
        : throw new InvalidOperationException($"The body is encoded ({Response.ContentEncoding}) in a way that can't be undone.");
}
