using System.Globalization;
using System.Text.Json;
using Batching.V1;

namespace Batching.Rest.V0;

/// <summary>Requests that are made of the elements of a list, as the v0 paths show them.</summary>
internal static class V0ForEach
{
    /// <summary>Writes the list of one, or the element that one was made for.</summary>
    /// <param name="json">Where to write.</param>
    /// <param name="request">The request.</param>
    /// <param name="properties">The properties that are wanted.</param>
    public static void Write(Utf8JsonWriter json, Request request, IReadOnlySet<string> properties)
    {
        if (request.ForEach is { } list && properties.Contains(V0Property.ForEach))
        {
            json.WriteStartObject("forEach"u8);
            json.WriteString("$ref"u8, list.Ref);
            json.WriteEndObject();
        }

        if (request.Item is { } item && properties.Contains(V0Property.Item))
        {
            json.WriteStartObject("item"u8);
            json.WriteNumber("of"u8, long.Parse(item.RequestId, CultureInfo.InvariantCulture));
            json.WriteNumber("index"u8, item.Index);
            json.WriteEndObject();
        }
    }
}
