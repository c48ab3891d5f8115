using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using Batching.Engine.Content;
using Batching.Rest.Requests;
using Batching.V1;
using Google.Protobuf;

namespace Batching.Rest.Graph;

/// <summary>
/// Reads the body of a request. Of the type <c>application/json</c> it is the JSON value itself, and of any other it is a
/// base64 string, as the client of Microsoft Graph sends it; the standard has a plain string for types of text.
/// </summary>
internal static class GraphBody
{
    /// <summary>Sets the body that a reader stands at.</summary>
    /// <param name="request">The request, with its header fields.</param>
    /// <param name="value">At the value; in the end on its last token.</param>
    /// <param name="json">What is read.</param>
    /// <returns>What is wrong with it, as a sentence without its subject; null if nothing is.</returns>
    public static string? Set(Request request, ref Utf8JsonReader value, in ReadOnlySequence<byte> json)
    {
        var type = MediaType.Parse(request.Headers
            .FirstOrDefault(field => field.Key.Equals("Content-Type", StringComparison.OrdinalIgnoreCase)).Value ?? "application/json");
        if (type.Name == "application/json" || (type.IsJson && value.TokenType != JsonTokenType.String))
        {
            request.Body = JsonValues.ReadRaw(ref value, json);
            return null;
        }

        if (value.TokenType != JsonTokenType.String)
        {
            return "must be a base64 string: its content type is not application/json";
        }

        if (!TryDecode(value, out var bytes))
        {
            return "must be base64: its content type is not application/json";
        }

        request.Body = UnsafeByteOperations.UnsafeWrap(bytes);
        return null;
    }

    // The standard has the alphabet for URLs, without padding; the client of Microsoft Graph the other one.
    private static bool TryDecode(in Utf8JsonReader value, out byte[] bytes)
    {
        if (value.TryGetBytesFromBase64(out var plain))
        {
            bytes = plain;
            return true;
        }

        bytes = [];
        if (JsonTokens.FindText(value) is not { } text || !Base64Url.IsValid(text))
        {
            return false;
        }

        bytes = Base64Url.DecodeFromChars(text);
        return true;
    }
}
