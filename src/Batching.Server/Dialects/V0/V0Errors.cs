using System.Text.Json;
using Google.Rpc;

namespace Batching.Server.Dialects.V0;

/// <summary>Writes the errors of the v0 paths.</summary>
internal static class V0Errors
{
    private const string RequestsField = "requests";

    public static void Write(Utf8JsonWriter json, int httpStatus, Status status)
    {
        json.WriteStartObject();
        json.WriteString("message"u8, status.Message);
        json.WriteNumber("statusCode"u8, httpStatus);
        json.WriteString("error"u8, NameOf(status.Code));
        var details = status.Details.FirstOrDefault(detail => detail.Is(BadRequest.Descriptor));
        if (details is not null)
        {
            json.WriteStartArray("errors"u8);
            foreach (var violation in details.Unpack<BadRequest>().FieldViolations)
            {
                json.WriteStartObject();
                json.WriteString("field"u8, ToV0(violation.Field));
                json.WriteString("message"u8, violation.Description);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    /// <summary>The name of a status code as the contract has it: <c>INVALID_ARGUMENT</c>.</summary>
    public static string NameOf(int code) => JsonNamingPolicy.SnakeCaseUpper.ConvertName(((Code)code).ToString());

    // The body of a v0 submission is the list itself.
    private static string ToV0(string field) =>
        field == RequestsField ? "body"
        : field.StartsWith(RequestsField + "[", StringComparison.Ordinal) ? field[RequestsField.Length..]
        : field;
}
