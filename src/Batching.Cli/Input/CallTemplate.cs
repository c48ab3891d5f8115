using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Batching.V1;

namespace Batching.Cli.Input;

/// <summary>
/// A call as JSON in which <c>{column}</c> stands for a value of a row: in <c>path</c> percent-encoded, else as text. A string that
/// is nothing but <c>{column:json}</c> becomes the value itself, as JSON. <c>{{</c> and <c>}}</c> are braces.
/// </summary>
internal sealed partial class CallTemplate
{
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly JsonElement _call;

    /// <exception cref="FormatException">It is no JSON object.</exception>
    public CallTemplate(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            _call = document.RootElement.Clone();
        }
        catch (JsonException exception)
        {
            throw new FormatException($"The template is not valid JSON at byte {exception.BytePositionInLine + 1}.", exception);
        }

        if (_call.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("The template must be a JSON object.");
        }
    }

    /// <summary>A column that the template names and that is not there; null if there is none.</summary>
    public string? FindUnknown(IReadOnlyList<string> columns) => FindNames(_call).FirstOrDefault(name => !columns.Contains(name));

    /// <summary>The call of a row.</summary>
    /// <exception cref="FormatException">It is none; the message says why.</exception>
    public Request Fill(IReadOnlyList<string> columns, IReadOnlyList<string> values)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(output, WriterOptions))
        {
            json.WriteStartObject();
            foreach (var member in _call.EnumerateObject())
            {
                json.WritePropertyName(member.Name);
                Write(json, member.Value, member.NameEquals("path"), ValueOf);
            }

            json.WriteEndObject();
        }

        return CallReader.Read(output.WrittenSpan);

        string ValueOf(string name)
        {
            for (var column = 0; column < columns.Count; column++)
            {
                if (columns[column] == name)
                {
                    return values[column];
                }
            }

            throw new FormatException($"has no column \"{name}\"");
        }
    }

    private static void Write(Utf8JsonWriter json, JsonElement value, bool isPath, Func<string, string> valueOf)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                json.WriteStartObject();
                foreach (var member in value.EnumerateObject())
                {
                    json.WritePropertyName(member.Name);
                    Write(json, member.Value, isPath, valueOf);
                }

                json.WriteEndObject();
                break;
            case JsonValueKind.Array:
                json.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    Write(json, item, isPath, valueOf);
                }

                json.WriteEndArray();
                break;
            case JsonValueKind.String when Place().Match(value.GetString()!) is { Success: true } whole
                && whole.Length == value.GetString()!.Length
                && whole.Groups["json"].Success:
                WriteJson(json, whole.Groups["name"].Value, valueOf(whole.Groups["name"].Value));
                break;
            case JsonValueKind.String:
                json.WriteStringValue(Place().Replace(value.GetString()!, place => place.Value switch
                {
                    "{{" => "{",
                    "}}" => "}",
                    _ when place.Groups["json"].Success =>
                        throw new FormatException($"template: {place.Value} must be a string of its own"),
                    _ when isPath => Uri.EscapeDataString(valueOf(place.Groups["name"].Value)),
                    _ => valueOf(place.Groups["name"].Value),
                }));
                break;
            default:
                // Digit for digit.
                value.WriteTo(json);
                break;
        }
    }

    private static void WriteJson(Utf8JsonWriter json, string column, string text)
    {
        if (text.Length == 0)
        {
            json.WriteNullValue();
            return;
        }

        try
        {
            json.WriteRawValue(text);
        }
        catch (JsonException exception)
        {
            throw new FormatException($"column \"{column}\" is not valid JSON: {text}", exception);
        }
    }

    private static IEnumerable<string> FindNames(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => value.EnumerateObject().SelectMany(member => FindNames(member.Value)),
        JsonValueKind.Array => value.EnumerateArray().SelectMany(FindNames),
        JsonValueKind.String => Place().Matches(value.GetString()!)
            .Where(place => place.Groups["name"].Success)
            .Select(place => place.Groups["name"].Value),
        _ => [],
    };

    [GeneratedRegex(@"\{\{|\}\}|\{(?<name>[^{}""]+?)(?<json>:json)?\}")]
    private static partial Regex Place();
}
