using System.Text.Json;
using Batching.V1;
using Google.Protobuf.Reflection;

namespace Batching.Rest.V0;

/// <summary>
/// Reads the members of <c>pagination</c>: the fields of the message <see cref="Pagination"/> by their names in the
/// contract or in lower camel case; styles by their plain names, such as <c>next_url</c>.
/// </summary>
internal static class V0Pagination
{
    private const string StylePrefix = "PAGINATION_STYLE_";

    private static readonly Dictionary<string, FieldDescriptor> Fields = Pagination.Descriptor.Fields.InDeclarationOrder()
        .SelectMany(field => new[] { (Name: field.Name, Field: field), (Name: field.JsonName, Field: field) })
        .DistinctBy(named => named.Name)
        .ToDictionary(named => named.Name, named => named.Field, StringComparer.Ordinal);

    private static readonly Dictionary<string, PaginationStyle> Styles =
        Pagination.Descriptor.FindFieldByName("style").EnumType.Values
            .Where(value => value.Number != (int)PaginationStyle.Unspecified)
            .ToDictionary(
                value => value.Name[StylePrefix.Length..].ToLowerInvariant(), value => (PaginationStyle)value.Number);

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
                if (!Styles.TryGetValue(reader.GetString()!, out var style))
                {
                    return $"must be one of {string.Join(", ", Styles.Keys)}";
                }

                pagination.Style = style;
                return null;
            case FieldType.String when reader.TokenType == JsonTokenType.String:
                field.Accessor.SetValue(pagination, reader.GetString());
                return null;
            case FieldType.Int32 when reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var number):
                field.Accessor.SetValue(pagination, number);
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
}
