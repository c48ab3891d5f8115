using System.Text.Json;
using Batching.Engine.Model;
using Batching.Rest.Replies;
using Google.Rpc;

namespace Batching.Rest.V0;

/// <summary>Writes the errors of the v0 paths.</summary>
internal static class V0Errors
{
    private const string RequestsField = "requests";
    private const string RequestField = "request";
    private const string NotifyField = "notify.";
    private const string FieldsAreWrong = "fields are wrong";

    /// <summary>The reply to a call that failed.</summary>
    public static void Write(Utf8JsonWriter json, int httpStatus, Status status)
    {
        Problem[] problems = [.. FieldProblems.Find(status).Select(problem => new Problem(ToV0(problem.Field), problem.Message))];
        json.WriteStartObject();
        json.WriteString("message"u8, problems.Length switch
        {
            0 => status.Message,
            1 => ToSentence(problems[0]),
            var count => $"{CountOf(status, count)}; the first: {ToSentence(problems[0])}",
        });
        json.WriteNumber("statusCode"u8, httpStatus);
        json.WriteString("error"u8, NameOf(status.Code));
        FieldProblems.Write(json, problems);
        json.WriteEndObject();
    }

    /// <summary>
    /// The last record of a stream that failed. It is not the one that says the stream is complete: whoever looks for that
    /// takes the stream as cut.
    /// </summary>
    public static void WriteRecord(Utf8JsonWriter json, Status status)
    {
        json.WriteStartObject();
        json.WriteString("message"u8, status.Message);
        json.WriteString("error"u8, NameOf(status.Code));
        json.WriteEndObject();
    }

    /// <summary>The name of a gRPC code as the contract has it: <c>INVALID_ARGUMENT</c>.</summary>
    public static string NameOf(int code) => JsonNamingPolicy.SnakeCaseUpper.ConvertName(((Code)code).ToString());

    // How many there are, and how many of them are named, is said in front of the first one (Refusal.Invalid).
    private static string CountOf(Status status, int named)
    {
        var count = status.Message.Split(';', 2)[0];
        return count.Contains(FieldsAreWrong, StringComparison.Ordinal) ? count : $"{named} {FieldsAreWrong}";
    }

    // A problem of the body as a whole has no field.
    private static string ToSentence(Problem problem) =>
        $"{problem.Field} {problem.Message}".Trim().TrimEnd('.') + ".";

    // The body of a v0 submission is the list itself, or the one request.
    private static string ToV0(string field) =>
        field.StartsWith(NotifyField, StringComparison.Ordinal) ? $"notify_{field[NotifyField.Length..]}"
        : field is RequestsField or RequestField ? "body"
        : field.StartsWith(RequestField + ".", StringComparison.Ordinal) ? field[(RequestField.Length + 1)..]
        : field.StartsWith(RequestsField + "[", StringComparison.Ordinal) ? field[RequestsField.Length..]
        : field;
}
