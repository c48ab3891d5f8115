using System.Buffers;
using System.Text.Json;
using Batching.Rest.Calls;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.Requests;

/// <summary>
/// Estimates from JSON what the message made of it takes in memory: <c>{}</c> in a list may become an object of hundreds of
/// bytes, and charges it to the caller. What is malformed is left for who reads it to refuse.
/// </summary>
internal static class JsonMemory
{
    /// <summary>Says whether a member is kept as the bytes that it is, so that its parts take no memory of their own.</summary>
    /// <param name="name">At the name of the member, with its depth.</param>
    public delegate bool KeepsRaw(in Utf8JsonReader name);

    // No reader goes deeper: as many may be configured (LimitOptions.JsonDepth), and what the transcoder reads has 64.
    private const int MaxDepth = 1_000;

    private const int ObjectBytes = 400;
    private const int ArrayBytes = 100;
    private const int NameBytes = 128;
    private const int ValueBytes = 100;

    /// <summary>Takes the room that a body will take, and refuses one that would take more than a limit.</summary>
    /// <param name="context">The call.</param>
    /// <param name="json">The body.</param>
    /// <param name="limit">Bytes.</param>
    /// <param name="keepsRaw">What of it stays JSON.</param>
    /// <exception cref="RefusedCallException">It would.</exception>
    /// <exception cref="RpcException">There is no room.</exception>
    public static void Take(HttpContext context, in ReadOnlySequence<byte> json, long limit, KeepsRaw keepsRaw)
    {
        var size = Estimate(json, limit, keepsRaw);
        if (size > limit)
        {
            throw new RefusedCallException(CallError.Of(
                CallErrorKinds.TooLarge,
                $"The body has too many parts: decoded it takes more than {limit} bytes. Send fewer in one body."));
        }

        RequestMemory.Find(context)?.TakeDecoded(size);
    }

    // Ends at the limit.
    private static long Estimate(in ReadOnlySequence<byte> json, long limit, KeepsRaw keepsRaw)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions
        {
            MaxDepth = MaxDepth,
            AllowTrailingCommas = true,
            CommentHandling = JsonCommentHandling.Skip,
        });
        long size = 0;
        try
        {
            while (size <= limit && reader.Read())
            {
                if (reader.TokenType == JsonTokenType.PropertyName)
                {
                    size += NameBytes + TextBytes(reader);
                    var name = reader;
                    reader.Read();
                    if (keepsRaw(name))
                    {
                        var start = reader.TokenStartIndex;
                        reader.Skip();
                        size += sizeof(char) * (reader.BytesConsumed - start);
                        continue;
                    }
                }

                size += reader.TokenType switch
                {
                    JsonTokenType.StartObject => ObjectBytes,
                    JsonTokenType.StartArray => ArrayBytes,
                    JsonTokenType.String => ValueBytes + TextBytes(reader),
                    JsonTokenType.EndObject or JsonTokenType.EndArray => 0,
                    _ => ValueBytes,
                };
            }
        }
        catch (JsonException)
        {
            // Nothing behind it will be decoded.
        }

        return size;
    }

    private static long TextBytes(in Utf8JsonReader reader) =>
        sizeof(char) * (reader.HasValueSequence ? reader.ValueSequence.Length : reader.ValueSpan.Length);
}
