using System.Buffers;
using System.Text.Json;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>
/// Estimates from JSON what the message made of it takes in memory: <c>{}</c> in a list may become an object of hundreds of
/// bytes. What is malformed is left for who reads it to refuse.
/// </summary>
internal static class DecodedSize
{
    // What the two bytes of an empty object become at most. JSON that can't come to the limit is not looked at.
    private const int MaxGrowth = 256;

    private const int ObjectBytes = 400;
    private const int ArrayBytes = 100;
    private const int NameBytes = 128;
    private const int ValueBytes = 100;

    /// <summary>Whether a body would take more than a limit.</summary>
    /// <param name="json">The body.</param>
    /// <param name="dialect">Says what of it stays JSON.</param>
    /// <param name="limit">Bytes.</param>
    public static bool Exceeds(in ReadOnlySequence<byte> json, JsonDialect dialect, long limit)
    {
        if (json.Length <= limit / MaxGrowth)
        {
            return false;
        }

        var reader = new Utf8JsonReader(ProtoJson.SkipMark(json), new JsonReaderOptions
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
                    if (dialect.KeepsRaw(name, reader.TokenType))
                    {
                        var start = reader.TokenStartIndex;
                        reader.Skip();
                        size += reader.BytesConsumed - start;
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
