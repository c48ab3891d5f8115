using System.Globalization;
using System.Text.Json;
using Batching.V1;
using Google.Protobuf.Reflection;

namespace Batching.Rest.V0;

/// <summary>
/// Reads and writes the members of <c>pagination</c>: the fields of the message <see cref="Pagination"/> by their names in the
/// contract or in lower camel case; styles by their plain names, such as <c>next_url</c>.
/// </summary>
internal static class V0Pagination
{
    private static readonly Dictionary<string, FieldDescriptor> Fields = Pagination.Descriptor.Fields.InDeclarationOrder()
        .Where(field => field.FieldNumber != Pagination.ItemsBeforeFieldNumber)
        .SelectMany(field => new[] { (Name: field.Name, Field: field), (Name: field.JsonName, Field: field) })
        .DistinctBy(named => named.Name)
        .ToDictionary(named => named.Name, named => named.Field, StringComparer.Ordinal);

    // The names of each enumeration, without what they have in common.
    private static readonly Dictionary<EnumDescriptor, Dictionary<string, int>> Names = Fields.Values
        .Where(field => field.FieldType == FieldType.Enum)
        .Select(field => field.EnumType)
        .Distinct()
        .ToDictionary(type => type, type => type.Values.Where(value => value.Number != 0).ToDictionary(
            value => value.Name[(type.FindValueByNumber(0).Name.Length - "UNSPECIFIED".Length)..],
            value => value.Number,
            StringComparer.OrdinalIgnoreCase));

    /// <summary>The name of a style.</summary>
    public static string NameOf(PaginationStyle style) =>
        NameOf(style, Pagination.Descriptor.FindFieldByNumber(Pagination.StyleFieldNumber).EnumType)!;

    /// <summary>Writes what is set, by its names in the contract.</summary>
    public static void Write(Utf8JsonWriter json, Pagination pagination)
    {
        json.WriteStartObject();
        foreach (var field in Pagination.Descriptor.Fields.InFieldNumberOrder())
        {
            switch (field.Accessor.GetValue(pagination))
            {
                case var _ when field.HasPresence && !field.Accessor.HasValue(pagination):
                    break;
                case Enum value when NameOf(value, field.EnumType) is { } name:
                    json.WriteString(field.Name, name);
                    break;
                case string text when field.HasPresence || text.Length > 0:
                    json.WriteString(field.Name, text);
                    break;
                case int number:
                    json.WriteNumber(field.Name, number);
                    break;
                case bool truth when field.HasPresence || truth:
                    json.WriteBoolean(field.Name, truth);
                    break;
            }
        }

        json.WriteEndObject();
    }

    /// <summary>Reads one member; says what is wrong with it if something is.</summary>
    /// <param name="reader">At the value; afterwards at its last token.</param>
    /// <param name="pagination">Gets the value.</param>
    /// <param name="name">The name of the member. An unknown one is ignored.</param>
    public static string? FindProblem(ref Utf8JsonReader reader, Pagination pagination, string name)
    {
        if (!Fields.TryGetValue(name, out var field))
        {
            reader.Skip();
            return null;
        }

        switch (field.FieldType)
        {
            case FieldType.Enum when reader.TokenType == JsonTokenType.String:
                var names = Names[field.EnumType];
                if (!names.TryGetValue(reader.GetString()!, out var value))
                {
                    return $"must be one of {string.Join(", ", names.Keys).ToLowerInvariant()}";
                }

                field.Accessor.SetValue(pagination, Enum.ToObject(field.Accessor.GetValue(pagination).GetType(), value));
                return null;
            case FieldType.String when reader.TokenType == JsonTokenType.String:
                field.Accessor.SetValue(pagination, reader.GetString());
                return null;
            case FieldType.Int32 when reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number):
                field.Accessor.SetValue(pagination, (int)Math.Clamp(number, int.MinValue, int.MaxValue));
                return null;
            case FieldType.Bool when reader.TokenType is JsonTokenType.True or JsonTokenType.False:
                field.Accessor.SetValue(pagination, reader.GetBoolean());
                return null;
            default:
                reader.Skip();
                return field.FieldType switch
                {
                    FieldType.Int32 => "must be a whole number",
                    FieldType.Bool => "must be true or false",
                    _ => "must be a string",
                };
        }
    }

    // Null for what is not specified.
    private static string? NameOf(Enum value, EnumDescriptor type) => Names[type]
        .FirstOrDefault(name => name.Value == Convert.ToInt32(value, CultureInfo.InvariantCulture)).Key?.ToLowerInvariant();
}
