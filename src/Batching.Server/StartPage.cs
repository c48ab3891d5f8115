namespace Batching.Server;

/// <summary>Says at <c>/</c> what answers there, for whoever opens the address in a browser.</summary>
internal static class StartPage
{
    private const string Text = """
        Batch: a gateway that gives an HTTP API batches.

        POST /api/v0/batch      submits many calls at once; fetch their responses later    docs/rest-v0.md
        POST /api/v2/batch      makes a handful of calls and returns all replies           docs/rest-v2.md
        POST /api/v1/batches    the contract as JSON                                       docs/rest-v1.md
        gRPC, on this port      batch.v1.BatchService, batch.v1.KeyedBatchService          protos/batch/v1

        How to use it stands in README.md, beside the sources, and in the folder docs.

        """;

    public static void MapStartPage(this IEndpointRouteBuilder endpoints) => endpoints.MapMethods(
        "/", [HttpMethods.Get, HttpMethods.Head], static () => Results.Text(Text, "text/plain; charset=utf-8"));
}
