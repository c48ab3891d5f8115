using System.Reflection;
using Swashbuckle.AspNetCore.SwaggerUI;

namespace Batching.Server.Pages;

/// <summary>
/// Maps what browsers and people get: the description of the REST paths, the page at <c>/</c> that works by them, and the
/// reference.
/// </summary>
internal static class WebPages
{
    // Nothing from elsewhere, nothing inline, no forms that lead away; in the page no text ever becomes markup.
    private const string PagePolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

    // Swagger UI has its icons as data.
    private const string ReferencePolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private const string SwaggerFolder = "Swashbuckle.AspNetCore.SwaggerUI.node_modules.swagger_ui_dist.";

    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>
    /// Maps them, as plain delegates: a handler with a result of its own is compiled when the service starts.
    /// </summary>
    /// <param name="endpoints">Where to.</param>
    /// <param name="page">Whether there are pages for browsers (<c>Batch:Page</c>); without them <c>/</c> answers with a text.</param>
    public static void MapWebPages(this IEndpointRouteBuilder endpoints, bool page)
    {
        endpoints.MapFile("/openapi.json", Own("openapi.json"));
        if (!page)
        {
            endpoints.MapMethods("/", Methods, static context => StartPage.AnswerAsync(context));
            return;
        }

        var start = Own("page/index.html");
        endpoints.MapMethods("/", Methods, context =>
        {
            context.Response.Headers.Append("Vary", "Accept");
            return StartPage.IsForBrowser(context.Request)
                ? start.AnswerAsync(context, PagePolicy)
                : StartPage.AnswerAsync(context);
        });
        foreach (var name in OwnNames("page/").Where(static name => name != "page/index.html"))
        {
            endpoints.MapFile($"/{name}", Own(name));
        }

        var reference = Own("reference/index.html");
        endpoints.MapMethods("/reference", Methods, context => reference.AnswerAsync(context, ReferencePolicy));
        endpoints.MapFile("/reference/reference.js", Own("reference/reference.js"));
        foreach (var name in (string[])["swagger-ui.css", "swagger-ui-bundle.js"])
        {
            endpoints.MapFile($"/reference/{name}", new WebFile(typeof(SwaggerUIOptions).Assembly, SwaggerFolder + name));
        }
    }

    private static void MapFile(this IEndpointRouteBuilder endpoints, string path, WebFile file) =>
        endpoints.MapMethods(path, Methods, context => file.AnswerAsync(context));

    private static WebFile Own(string name) => new WebFile(typeof(WebPages).Assembly, name);

    private static IEnumerable<string> OwnNames(string folder) => Assembly.GetExecutingAssembly().GetManifestResourceNames()
        .Where(name => name.StartsWith(folder, StringComparison.Ordinal));
}
