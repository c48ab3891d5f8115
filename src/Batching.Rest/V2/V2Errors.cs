using System.Text.Json;
using Batching.Engine.Model;
using Batching.Rest.Replies;
using Batching.Rest.Requests;
using Google.Rpc;

namespace Batching.Rest.V2;

/// <summary>Writes errors as the v2 paths have them: of the whole batch, and of single calls.</summary>
internal static class V2Errors
{
    /// <summary>An error of the whole batch.</summary>
    public static void Write(Utf8JsonWriter json, int httpStatus, Status status)
    {
        var problems = FieldProblems.Find(status);
        json.WriteStartObject();
        WriteMembers(json, httpStatus, NameOf(status.Code), status, problems);
        FieldProblems.Write(json, problems);
        json.WriteEndObject();
    }

    /// <summary>The members of a single call's error, without the braces around them.</summary>
    public static void WriteMembers(Utf8JsonWriter json, int httpStatus, Status status) =>
        WriteMembers(json, httpStatus, FindReason(status) ?? NameOf(status.Code), status, FieldProblems.Find(status));

    /// <summary>The name of a gRPC code as v2 has it: <c>invalid_argument</c>.</summary>
    public static string NameOf(int code) => JsonNamingPolicy.SnakeCaseLower.ConvertName(((Code)code).ToString());

    private static void WriteMembers(
        Utf8JsonWriter json,
        int httpStatus,
        string code,
        Status status,
        IReadOnlyList<Problem> problems)
    {
        json.WriteNumber("status"u8, httpStatus);
        json.WriteString("code"u8, code);
        json.WriteString(
            "message"u8,
            problems.Count == 0
                ? status.Message
                : string.Join(' ', problems.Select(ToSentence)));
    }

    // Why a single call has failed says more than the code.
    private static string? FindReason(Status status) => status.Details
        .FirstOrDefault(detail => detail.Is(ErrorInfo.Descriptor))?.Unpack<ErrorInfo>().Reason.ToLowerInvariant();

    // A problem of the body as a whole has no field.
    private static string ToSentence(Problem problem) => problem.Field.Length == 0
        ? problem.Message
        : $"{NameOf(problem.Field)} {problem.Message.TrimEnd('.')}.";

    // What the contract calls a path is a URL here. A key is any text, so it can be told from the words around it.
    private static string NameOf(string field) => field switch
    {
        "path" => "url",
        "body" or "calls" or "call" or "get" or "method" or "url" or "payload" or "data" or "params" or "spawner"
            or BinaryBody.Property => field,
        _ when field.StartsWith("headers", StringComparison.Ordinal) => field,
        _ => $"'{field}'",
    };
}
