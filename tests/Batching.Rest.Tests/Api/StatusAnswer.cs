using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.Tests.Api;

/// <summary>Answers with the status that the path names.</summary>
internal static class StatusAnswer
{
    public static async Task WriteAsync(HttpContext context, string status)
    {
        var code = int.Parse(status, CultureInfo.InvariantCulture);
        context.Response.StatusCode = code;
        if (code is StatusCodes.Status204NoContent or StatusCodes.Status304NotModified)
        {
            return;
        }

        var body = Encoding.UTF8.GetBytes($$"""{"status":{{status}}}""");
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body);
    }
}
