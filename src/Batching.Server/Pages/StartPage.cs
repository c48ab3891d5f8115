using Microsoft.Net.Http.Headers;

namespace Batching.Server.Pages;

/// <summary>Says at <c>/</c> what answers there, for whoever asks without a browser, or where the page is off.</summary>
internal static class StartPage
{
    private const string Text = """
        Batch: a gateway that gives an HTTP API batches.

        POST /api/v0/batch      submits many calls at once; fetch their responses later    docs/rest-v0.md
        POST /api/v2/batch      makes a handful of calls and returns all replies           docs/rest-v2.md
        POST /api/v1/batches    the contract as JSON                                       docs/rest-v1.md
        GET /openapi.json       all REST paths, as OpenAPI 3.1
        gRPC, on this port      batch.v1.BatchService, KeyedBatchService, WebhookService   protos/batch/v1

        How to use it stands in README.md, beside the sources, and in the folder docs.

        """;

    /// <summary>Answers with it.</summary>
    public static Task AnswerAsync(HttpContext context) =>
        Results.Text(Text, "text/plain; charset=utf-8").ExecuteAsync(context);

    /// <summary>Whether HTML is asked for by name. <c>*/*</c> is what programs say.</summary>
    public static bool IsForBrowser(HttpRequest request) =>
        MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var types)
        && types.Any(static type => type.MediaType.Equals("text/html", StringComparison.OrdinalIgnoreCase) && type.Quality != 0);
}
