using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Batching.SampleApi;

internal static class Reply
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    public static IResult Json<T>(T value, int status = StatusCodes.Status200OK)
        => Results.Json(value, Options, statusCode: status);

    public static IResult Error(int status, string message) => Json(new { message, status }, status);

    public static IResult BadRequest(string message) => Error(StatusCodes.Status400BadRequest, message);

    public static IResult NotFound(string message) => Error(StatusCodes.Status404NotFound, message);
}
