using Microsoft.AspNetCore.Http;

namespace Batching.Interop.Tests.Documents;

/// <summary>The API that the pages speak of, as far as their examples need it.</summary>
internal static class PageApi
{
    private static readonly byte[] Picture =
        [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10, .. new byte[64]];

    /// <summary>Answers a call.</summary>
    public static Task AnswerAsync(HttpContext context) => context.Request.Path.Value switch
    {
        "/api/tickets" => JsonAsync(context, StatusCodes.Status201Created, """{"title": "new-ticket"}"""),
        "/api/people/1" => JsonAsync(
            context, StatusCodes.Status404NotFound, """{"status": 404, "code": "not_found", "message": "No such person"}"""),
        "/api/v2/apps/12/state/color" => JsonAsync(context, StatusCodes.Status200OK, """{"value": "blue"}"""),
        "/api/v2/empty" => NothingAsync(context),
        "/api/picture" => PictureAsync(context),
        _ => JsonAsync(context, StatusCodes.Status200OK, """{"items": []}"""),
    };

    private static Task JsonAsync(HttpContext context, int status, string json)
    {
        context.Response.StatusCode = status;
        return TestApi.JsonAsync(context, json);
    }

    private static Task NothingAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private static async Task PictureAsync(HttpContext context)
    {
        context.Response.ContentType = "image/png";
        await context.Response.Body.WriteAsync(Picture);
    }
}
