using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Batching.Engine.Model;
using Batching.V1;
using Google.Protobuf;

namespace Batching.Rest.Requests;

/// <summary>Bodies that callers who write JSON give in base64 (RFC 4648, section 4), because JSON can't hold their bytes.</summary>
internal static class BinaryBody
{
    /// <summary>The property that says so.</summary>
    public const string Property = "bodyEncoding";

    private const string Base64Name = "base64";
    private const string ContentTypeField = "Content-Type";
    private const string ContentType = "application/octet-stream";

    /// <summary>Makes the bytes of a body that is text. Without a content type among the headers it gets one.</summary>
    /// <param name="request">The request, of which everything is read.</param>
    /// <param name="encoding">What the property says; null or empty if nothing.</param>
    /// <param name="name">The property that has the body.</param>
    /// <param name="isText">Whether the body was a string.</param>
    /// <returns>What is wrong; null if nothing is.</returns>
    public static Problem? Decode(Request request, string? encoding, string name, bool isText) =>
        string.IsNullOrEmpty(encoding) ? null
            : encoding != Base64Name ? new Problem(Property, $"must be {Base64Name}; without it the body is sent as it is")
            : request.Body.Length == 0 ? null
            : !isText ? new Problem(name, $"must be a string, as {Property} says that it is {Base64Name}")
            : Decode(request, request.Body.Span, name);

    /// <summary>The same of a body that is JSON so far: a string has its quotes and escapes.</summary>
    /// <inheritdoc cref="Decode(Request, string?, string, bool)"/>
    public static Problem? DecodeJson(Request request, string? encoding, string name)
    {
        if (!string.IsNullOrEmpty(encoding) && request.Body.Length > 0)
        {
            var text = new Utf8JsonReader(request.Body.Span);
            text.Read();
            if (encoding == Base64Name && text.TokenType == JsonTokenType.String)
            {
                return Decode(request, Encoding.UTF8.GetBytes(text.GetString()!), name);
            }
        }

        return Decode(request, encoding, name, isText: false);
    }

    private static Problem? Decode(Request request, ReadOnlySpan<byte> text, string name)
    {
        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        if (Base64.DecodeFromUtf8(text, bytes, out _, out var count) != OperationStatus.Done)
        {
            return new Problem(name, $"is not valid {Base64Name}, as {Property} says that it is");
        }

        request.Body = UnsafeByteOperations.UnsafeWrap(bytes.AsMemory(0, count));
        if (count > 0 && !request.Headers.Keys.Contains(ContentTypeField, StringComparer.OrdinalIgnoreCase))
        {
            request.Headers.Add(ContentTypeField, ContentType);
        }

        return null;
    }
}
