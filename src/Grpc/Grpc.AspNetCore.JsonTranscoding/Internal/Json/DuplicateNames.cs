using System.Text.Json;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>
/// Skips JSON that nobody reads, yet refuses names that appear twice in one object, as everywhere else.
/// </summary>
internal static class DuplicateNames
{
    public static void SkipValue(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                SkipValue(ref reader);
            }
        }
        else if (reader.TokenType == JsonTokenType.StartObject)
        {
            var names = new HashSet<string>();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            {
                var name = reader.GetString()!;
                if (!names.Add(name))
                {
                    throw new JsonValueException($"The name '{name}' appears twice.");
                }

                reader.Read();
                SkipValue(ref reader);
            }
        }
    }
}
