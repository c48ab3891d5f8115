using System.Text.Json;
using Batching.Engine.Model;
using Google.Rpc;

namespace Batching.Rest.Replies;

/// <summary>The fields that an error names, as all dialects read and write them.</summary>
internal static class FieldProblems
{
    /// <summary>The fields that are wrong, in the order they were found; none if the error is of another kind.</summary>
    public static IReadOnlyList<Problem> Find(Status status) =>
        status.Details.FirstOrDefault(detail => detail.Is(BadRequest.Descriptor)) is { } details
            ? [.. details.Unpack<BadRequest>().FieldViolations
                .Select(violation => new Problem(violation.Field, violation.Description))]
            : [];

    /// <summary>Writes them as the member <c>errors</c>, unless there are none.</summary>
    public static void Write(Utf8JsonWriter json, IReadOnlyList<Problem> problems)
    {
        if (problems.Count == 0)
        {
            return;
        }

        json.WriteStartArray("errors"u8);
        foreach (var (field, message) in problems)
        {
            json.WriteStartObject();
            json.WriteString("field"u8, field);
            json.WriteString("message"u8, message);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
