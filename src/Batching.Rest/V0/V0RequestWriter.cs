using System.Globalization;
using System.Text.Json;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Rest.V0;

/// <summary>Writes requests as the v0 paths have them.</summary>
internal static class V0RequestWriter
{
    /// <summary>Writes a request. On one line, the line breaks in an embedded body become blanks.</summary>
    public static void Write(
        Utf8JsonWriter json, Request request, V0Shape shape, bool onOneLine = false)
    {
        var properties = shape.Properties;
        json.WriteStartObject();
        json.WriteString("id"u8, request.Id);
        if (request.Key.Length > 0 && properties.Contains(V0Property.Key))
        {
            json.WriteString("key"u8, request.Key);
        }

        if (properties.Contains(V0Property.SpawnedBy))
        {
            json.WriteNumber("spawnedBy"u8, long.Parse(request.SpawnedBy, CultureInfo.InvariantCulture));
        }

        if (properties.Contains(V0Property.Created))
        {
            json.WriteNumber("created"u8, request.CreateTime.Seconds);
        }

        if (properties.Contains(V0Property.Done))
        {
            WriteDone(json, request.DoneTime);
        }

        if (properties.Contains(V0Property.Path))
        {
            json.WriteString("path"u8, request.Path);
        }

        if (properties.Contains(V0Property.Method))
        {
            json.WriteString("method"u8, request.Method);
        }

        if (properties.Contains(V0Property.Params))
        {
            V0Params.Write(json, request, onOneLine);
        }

        if (request.DependsOn.Count > 0 && properties.Contains(V0Property.DependsOn))
        {
            json.WriteStartArray("dependsOn"u8);
            foreach (var key in request.DependsOn)
            {
                json.WriteStringValue(key);
            }

            json.WriteEndArray();
        }

        if (request.HasRunWhen && properties.Contains(V0Property.RunWhen))
        {
            json.WriteString("runWhen"u8, V0RunWhen.NameOf(request.RunWhen));
        }

        if (request.HasReferences && properties.Contains(V0Property.References))
        {
            json.WriteBoolean("references"u8, request.References);
        }

        V0ForEach.Write(json, request, properties);
        if (properties.Contains(V0Property.Index))
        {
            json.WriteNumber("index"u8, request.Index);
        }

        if (properties.Contains(V0Property.Pagination) && request.Pagination is { } pagination)
        {
            json.WritePropertyName("pagination"u8);
            V0Pagination.Write(json, pagination);
        }

        if (request.Response is { } response)
        {
            V0ResponseWriter.Write(json, response, shape, onOneLine);
        }

        json.WriteEndObject();
    }

    private static void WriteDone(Utf8JsonWriter json, Timestamp? doneTime)
    {
        if (doneTime is null)
        {
            json.WriteBoolean("done"u8, false);
        }
        else
        {
            json.WriteNumber("done"u8, doneTime.Seconds);
        }
    }
}
