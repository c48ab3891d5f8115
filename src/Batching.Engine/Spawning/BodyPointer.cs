using System.Text;
using System.Text.Json;
using Batching.Engine.Content;
using Batching.Engine.Model;

namespace Batching.Engine.Spawning;

/// <summary>Sets a value in a JSON body, and leaves every other byte of it as it is.</summary>
internal static class BodyPointer
{
    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = int.MaxValue };

    /// <summary>Finds the place of the value; null if the body is no JSON, or has no object where the value belongs.</summary>
    /// <param name="body">The body.</param>
    /// <param name="pointer">The place. Objects that are missing on the way to it are made.</param>
    /// <param name="json">The value.</param>
    public static BodySplice? Find(ReadOnlySpan<byte> body, JsonPointer pointer, string json)
    {
        try
        {
            return FindPlace(body, pointer, json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static BodySplice? FindPlace(ReadOnlySpan<byte> body, JsonPointer pointer, string json)
    {
        var reader = new Utf8JsonReader(body, ReaderOptions);
        reader.Read();
        for (var i = 0; i < pointer.Tokens.Count; i++)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                return null;
            }

            var name = Encoding.UTF8.GetBytes(pointer.Tokens[i]);
            var isEmpty = true;
            var isFound = false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                isEmpty = false;
                isFound = JsonTokens.Matches(reader, name);
                reader.Read();
                if (isFound)
                {
                    break;
                }

                reader.Skip();
            }

            if (!isFound)
            {
                // At the brace that ends the object.
                var at = (int)reader.TokenStartIndex;
                return new BodySplice(at, at, Encode((isEmpty ? "" : ",") + ToMembers(pointer, i, json)));
            }
        }

        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return new BodySplice(start, (int)reader.BytesConsumed, Encode(json));
    }

    private static string ToMembers(JsonPointer pointer, int from, string json)
    {
        var text = json;
        for (var i = pointer.Tokens.Count - 1; i >= from; i--)
        {
            text = $"{JsonParams.Encode(pointer.Tokens[i])}:{text}";
            if (i > from)
            {
                text = $"{{{text}}}";
            }
        }

        return text;
    }

    private static byte[] Encode(string text) => Encoding.UTF8.GetBytes(text);
}
