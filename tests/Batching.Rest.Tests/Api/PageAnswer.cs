using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.Tests.Api;

/// <summary>A collection of five numbers that is read in pages: <c>cursor</c> says where the next one begins.</summary>
internal static class PageAnswer
{
    private const int Count = 5;

    // Pages of the API's own: less than whoever asks may want.
    private const int MaxLimit = 2;

    public static async Task WriteAsync(HttpContext context)
    {
        var start = Read(context.Request.Query["cursor"].ToString(), 0);
        var limit = Math.Min(MaxLimit, Read(context.Request.Query["limit"].ToString(), MaxLimit));
        var end = Math.Min(Count, start + limit);
        var items = string.Join(',', Enumerable.Range(start, end - start));
        var next = end < Count ? $"\"{end}\"" : "null";
        var page = Encoding.UTF8.GetBytes($$"""{"items":[{{items}}],"cursor":{{next}}}""");
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = page.Length;
        await context.Response.Body.WriteAsync(page);
    }

    private static int Read(string text, int otherwise) =>
        int.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : otherwise;
}
