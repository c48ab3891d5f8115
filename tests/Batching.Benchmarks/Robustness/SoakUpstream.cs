using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Batching.Benchmarks.Robustness;

/// <summary>
/// The API behind the gateway during a soak or beside a noisy neighbour: bodies of any size, pages, calls that take their
/// time, and calls that are refused.
/// </summary>
internal static class SoakUpstream
{
    /// <summary>Pages of one query.</summary>
    public const int Pages = 20;

    public static Task RunAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        var app = builder.Build();
        var bodies = new byte[129][];
        for (var i = 0; i < bodies.Length; i++)
        {
            bodies[i] = Encoding.ASCII.GetBytes($$"""{"text":"{{new string('x', (i * 1024) + 100)}}"}""");
        }

        app.Run(async context =>
        {
            var path = context.Request.Path.Value!.Split('/');
            switch (path)
            {
                case ["", "kb", var size]:
                    await JsonAsync(context, bodies[Number(size)]);
                    break;
                case ["", "ms", var milliseconds]:
                    await Task.Delay(
                        TimeSpan.FromMilliseconds(Number(milliseconds)), TimeProvider.System, context.RequestAborted);
                    await JsonAsync(context, bodies[0]);
                    break;
                case ["", "pages"]:
                    var cursor = context.Request.Query["cursor"].ToString();
                    var next = (cursor.Length > 0 ? Number(cursor) : 0) + 1;
                    await JsonAsync(context, Encoding.ASCII.GetBytes(
                        $$"""{"items":["{{new string('x', 4096)}}"],"cursor":{{(next < Pages ? $"\"{next}\"" : "null")}}}"""));
                    break;
                case ["", "endless"]:
                    var after = context.Request.Query["cursor"].ToString();
                    await JsonAsync(context, Encoding.ASCII.GetBytes(
                        $$"""{"items":[1],"cursor":"{{(after.Length > 0 ? Number(after) : 0) + 1}}"}"""));
                    break;
                case ["", "numbered"]:
                    await JsonAsync(context, Encoding.ASCII.GetBytes(
                        $$"""{"items":[{{context.Request.Query["page"]}}],"page_count":10000}"""));
                    break;
                case ["", "refused", .. var retryAfter]:
                    context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
                    context.Response.Headers.RetryAfter = retryAfter is [var wait] ? wait : default;
                    break;
                default:
                    context.Response.StatusCode = StatusCodes.Status404NotFound;
                    break;
            }
        });
        return app.RunAsync();
    }

    private static async Task JsonAsync(HttpContext context, byte[] body)
    {
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body);
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
