using System.Buffers;
using System.Text.Json;
using Batching.Rest.Calls;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.Requests;

/// <summary>
/// Estimates from JSON what the message made of it takes in memory: <c>{}</c> in a list may become an object of hundreds of
/// bytes. What is malformed is left for who reads it to refuse.
/// </summary>
internal static class JsonMemory
{
    /// <summary>Says whether a member is kept as the bytes that it is, so that its parts take no memory of their own.</summary>
    /// <param name="name">At the name of the member, with its depth.</param>
    public delegate bool KeepsRaw(in Utf8JsonReader name);

    // What the two bytes of an empty object become at most. JSON that can't come to the limit is not looked at.
    private const int MaxGrowth = 256;

    private const int ObjectBytes = 400;
    private const int ArrayBytes = 100;
    private const int NameBytes = 128;
    private const int ValueBytes = 100;

    /// <summary>Refuses a body that would take more than a limit.</summary>
    /// <param name="json">The body.</param>
    /// <param name="limit">Bytes.</param>
    /// <param name="keepsRaw">What of it stays JSON.</param>
    /// <exception cref="RefusedCallException">It would.</exception>
    public static void Check(in ReadOnlySequence<byte> json, long limit, KeepsRaw keepsRaw)
    {
        if (Exceeds(json, limit, keepsRaw))
        {
            throw new RefusedCallException(CallError.FromHttp(
                StatusCodes.Status413PayloadTooLarge,
                StatusCode.ResourceExhausted,
                $"The body has too many parts: decoded it takes more than {limit} bytes. Send fewer in one body."));
        }
    }

    private static bool Exceeds(in ReadOnlySequence<byte> json, long limit, KeepsRaw keepsRaw)
    {
        if (json.Length <= limit / MaxGrowth)
        {
            return false;
        }

        var reader = new Utf8JsonReader(json, new JsonReaderOptions
        {
            MaxDepth = int.MaxValue,
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
            return false;
        }

        return size > limit;
    }

    private static long TextBytes(in Utf8JsonReader reader) =>
        sizeof(char) * (reader.HasValueSequence ? reader.ValueSequence.Length : reader.ValueSpan.Length);
}
