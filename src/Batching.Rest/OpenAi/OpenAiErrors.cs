using System.Text.Json;
using Batching.Rest.Replies;
using Google.Rpc;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.OpenAi;

/// <summary>Writes errors as OpenAI has them.</summary>
internal static class OpenAiErrors
{
    /// <summary>The reply to a call that failed.</summary>
    public static void Write(Utf8JsonWriter json, int httpStatus, Status status)
    {
        var problems = FieldProblems.Find(status);
        json.WriteStartObject();
        json.WriteStartObject("error"u8);
        json.WriteString("message"u8, status.Message);
        json.WriteString("type"u8, httpStatus switch
        {
            StatusCodes.Status429TooManyRequests => "rate_limit_error",
            StatusCodes.Status403Forbidden => "permission_error",
            >= StatusCodes.Status500InternalServerError => "server_error",
            _ => "invalid_request_error",
        });
        json.WriteString("param"u8, problems.Count > 0 && problems[0].Field.Length > 0 ? problems[0].Field : null);
        json.WriteString("code"u8, httpStatus switch
        {
            StatusCodes.Status401Unauthorized => "invalid_api_key",
            StatusCodes.Status404NotFound => "not_found",
            StatusCodes.Status429TooManyRequests => "rate_limit_exceeded",
            _ => null,
        });
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
