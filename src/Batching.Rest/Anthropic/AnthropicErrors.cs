using System.Text.Json;
using Google.Rpc;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.Anthropic;

/// <summary>Writes errors as Anthropic has them.</summary>
internal static class AnthropicErrors
{
    /// <summary>The reply to a call that failed.</summary>
    public static void Write(Utf8JsonWriter json, int httpStatus, Status status) =>
        Write(json, TypeOf(httpStatus), status.Message);

    /// <summary>An error.</summary>
    public static void Write(Utf8JsonWriter json, string type, string message)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "error"u8);
        json.WriteStartObject("error"u8);
        json.WriteString("type"u8, type);
        json.WriteString("message"u8, message);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>The type of an error of that status.</summary>
    public static string TypeOf(int httpStatus) => httpStatus switch
    {
        StatusCodes.Status401Unauthorized => "authentication_error",
        StatusCodes.Status403Forbidden => "permission_error",
        StatusCodes.Status404NotFound => "not_found_error",
        StatusCodes.Status413PayloadTooLarge => "request_too_large",
        StatusCodes.Status429TooManyRequests => "rate_limit_error",
        >= StatusCodes.Status500InternalServerError => "api_error",
        _ => "invalid_request_error",
    };
}
