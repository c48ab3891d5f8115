using System.Text.Json;
using Batching.Engine.Model;
using Batching.Rest.Replies;
using Google.Rpc;

namespace Batching.Rest.Graph;

/// <summary>Writes errors as OData has them (JSON Format 4.01, section 21.1): of the whole batch, and of single requests.</summary>
internal static class GraphErrors
{
    /// <summary>Writes an error: an object with the member <c>error</c>.</summary>
    public static void Write(Utf8JsonWriter json, int httpStatus, Status status)
    {
        var problems = FieldProblems.Find(status);
        json.WriteStartObject();
        json.WriteStartObject("error"u8);
        json.WriteString("code"u8, FindReason(status) ?? CodeName(status));
        json.WriteString(
            "message"u8, problems.Count == 0 ? status.Message : string.Join(' ', problems.Select(ToSentence)));
        if (problems.Count > 0)
        {
            json.WriteStartArray("details"u8);
            foreach (var problem in problems)
            {
                json.WriteStartObject();
                json.WriteString("code"u8, CodeName(status));
                json.WriteString("message"u8, problem.Message);
                json.WriteString("target"u8, NameOf(problem.Field));
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static string CodeName(Status status) => JsonNamingPolicy.SnakeCaseUpper.ConvertName(((Code)status.Code).ToString());

    // Why a single request has failed says more than the code.
    private static string? FindReason(Status status) => status.Details
        .FirstOrDefault(detail => detail.Is(ErrorInfo.Descriptor))?.Unpack<ErrorInfo>().Reason;

    // A problem of the body as a whole has no field.
    private static string ToSentence(Problem problem) => problem.Field.Length == 0
        ? problem.Message
        : $"{NameOf(problem.Field)} {problem.Message.TrimEnd('.')}.";

    // What the contract calls a path is a URL here.
    private static string NameOf(string field) => field == "path" ? "url" : field;
}
