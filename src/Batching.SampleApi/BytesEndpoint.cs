using Microsoft.AspNetCore.Http;

namespace Batching.SampleApi;

/// <summary>
/// Answers with <c>size</c> bytes (default 1,024, at most 1 GiB), 0, 1, 2 … 250 over and over: a
/// period that is prime, so a lost or doubled block of any usual size shows.
/// </summary>
internal static class BytesEndpoint
{
    private const int MaxSize = 1 << 30;
    private const int Period = 251;

    private static readonly byte[] Block = [.. Enumerable.Range(0, Period * 256).Select(i => (byte)(i % Period))];

    public static IResult Bytes(HttpRequest request, HttpResponse response)
    {
        var query = new QueryReader(request.Query);
        var size = query.Number("size", 1024, 0, MaxSize);
        if (query.Error is { } error)
        {
            return Reply.BadRequest(error);
        }

        response.ContentLength = size;
        return Results.Stream(body => WriteAsync(body, size, request.HttpContext.RequestAborted));
    }

    private static async Task WriteAsync(Stream body, int size, CancellationToken cancellationToken)
    {
        for (var left = size; left > 0; left -= Block.Length)
        {
            await body.WriteAsync(Block.AsMemory(0, Math.Min(left, Block.Length)), cancellationToken);
        }
    }
}
