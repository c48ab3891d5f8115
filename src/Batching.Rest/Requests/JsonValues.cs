using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Rest.Requests;

/// <summary>Reads the JSON values that callers give. Each leaves the reader on the value's last token.</summary>
internal static class JsonValues
{
    /// <summary>What is wrong with JSON that can't be read, as a sentence without its subject.</summary>
    /// <param name="json">The JSON.</param>
    /// <param name="maxDepth">Levels that it may have.</param>
    /// <param name="exception">What the reader said of it, which does not tell bad JSON from deep.</param>
    public static string DescribeProblem(in ReadOnlySequence<byte> json, int maxDepth, JsonException exception) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(IsTooDeep(json, maxDepth) ? $"has more than {maxDepth} levels" : "is not valid JSON")} at line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}");

    /// <summary>The bytes of a value as the caller wrote them.</summary>
    public static ByteString ReadRaw(ref Utf8JsonReader reader, in ReadOnlySequence<byte> json)
    {
        var start = reader.TokenStartIndex;
        reader.Skip();
        var raw = json.Slice(start, reader.BytesConsumed - start);
        return raw.IsSingleSegment ? ByteString.CopyFrom(raw.FirstSpan) : ByteString.CopyFrom(raw.ToArray());
    }

    /// <summary>The object that the reader stands at.</summary>
    public static Struct ReadStruct(ref Utf8JsonReader reader)
    {
        var result = new Struct();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = reader.GetString()!;
            reader.Read();
            result.Fields[name] = ReadValue(ref reader);
        }

        return result;
    }

    private static bool IsTooDeep(in ReadOnlySequence<byte> json, int maxDepth)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = maxDepth + 1 });
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray && reader.CurrentDepth == maxDepth)
                {
                    return true;
                }
            }
        }
        catch (JsonException)
        {
            // It is bad before it is deep.
        }

        return false;
    }

    private static Value ReadValue(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return Value.ForStruct(ReadStruct(ref reader));
            case JsonTokenType.StartArray:
                var list = new List<Value>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    list.Add(ReadValue(ref reader));
                }

                return Value.ForList([.. list]);
            case JsonTokenType.String:
                return Value.ForString(reader.GetString());
            case JsonTokenType.Number:
                return ReadNumber(ref reader);
            case JsonTokenType.True:
            case JsonTokenType.False:
                return Value.ForBool(reader.GetBoolean());
            default:
                return Value.ForNull();
        }
    }

    // A number that a double would change is kept as its digits.
    private static Value ReadNumber(ref Utf8JsonReader reader)
    {
        var number = reader.GetDouble();
        var digits = Encoding.ASCII.GetString(reader.HasValueSequence ? reader.ValueSequence.ToArray() : reader.ValueSpan);
        return double.IsFinite(number)
            && decimal.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out var exact)
            && decimal.TryParse(
                number.ToString("R", CultureInfo.InvariantCulture),
                NumberStyles.Float,
                CultureInfo.InvariantCulture,
                out var kept)
            && exact == kept
            ? Value.ForNumber(number)
            : Value.ForString(digits);
    }
}
