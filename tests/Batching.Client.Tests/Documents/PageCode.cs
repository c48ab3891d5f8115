using System.Text.Json.Serialization;
using Batching.V1;
using Microsoft.Extensions.DependencyInjection;

namespace Batching.Client.Tests.Documents;

/// <summary>
/// The C# of the pages, so that the compiler reads it: <see cref="PageCodeTests"/> compares it with them. Nobody calls it. What
/// stands around each block is not in a page.
/// </summary>
internal static class PageCode
{
    public static void MakeClient()
    {
        using var client = new BatchClient(new BatchClientOptions { Address = new Uri("http://localhost:8080") });
    }

    public static void AddClient(IServiceCollection services, string token)
    {
        services.AddBatchClient(options =>
        {
            options.Address = new Uri("https://batch.example");
            options.Token = token;
        });
    }

    public static async Task SubmitAsync(BatchClient client, Item item, string key)
    {
        var batch = await client.SubmitAsync(
        [
            BatchCall.Get("sample/items").WithQuery("limit", "2"),
            BatchCall.Post("sample/items").WithJson(item, AppJson.Default.Item).WithHeader("Idempotency-Key", key),
            BatchCall.Walk("sample/items?total=450"),
        ]);
        Console.WriteLine(batch.Id);
    }

    public static async Task SubmitWithKeyAsync(BatchClient client, IEnumerable<Request> requests, string orderId)
    {
        var batch = await client.SubmitAsync(requests, new SubmitOptions { IdempotencyKey = orderId });
        Console.WriteLine(batch.Id);
    }

    public static async Task AppendAsync(BatchClient client, IReadOnlyList<Request> first, IReadOnlyList<Request> more)
    {
        var batch = await client.SubmitAsync(first, new SubmitOptions { KeepOpen = true });
        var status = await batch.GetStatusAsync();
        status = await batch.AppendAsync(more, status.SubmittedRequests);
        await batch.SealAsync();
        Console.WriteLine(status.State);
    }

    public static async Task ReadAsync(BatchHandle batch)
    {
        await foreach (var result in batch.ReadResultsAsync())
        {
            if (result.IsSuccess)
            {
                Save(result.Index, result.ReadJson(AppJson.Default.Item));
            }
            else
            {
                Note(result.Index, result.StatusCode, result.Failure ?? "answered by the API");
            }
        }
    }

    public static async Task GoOnAsync(BatchClient client, string batchId, long position)
    {
        await foreach (var result in client.Open(batchId).ReadResultsAsync(new ReadOptions { After = position }))
        {
            Console.WriteLine(result.Position);
        }
    }

    public static async Task<Person?> RunAsync(BatchClient client, Ticket ticket)
    {
        var replies = await client.RunAsync(new Dictionary<string, Request>
        {
            ["john"] = BatchCall.Get("people/1"),
            ["new"] = BatchCall.Post("tickets").WithJson(ticket, AppJson.Default.Ticket),
        });
        var john = replies["john"].ReadJson(AppJson.Default.Person);
        return john;
    }

    public static async Task RunReadmeAsync()
    {
        using var client = new BatchClient(new BatchClientOptions { Address = new Uri("http://localhost:8080") });

        var batch = await client.SubmitAsync(
            Enumerable.Range(1, 20_000).Select(id => BatchCall.Get($"sample/items/{id}")));

        await foreach (var result in batch.ReadResultsAsync())
        {
            Console.WriteLine($"{result.Index}: {result.StatusCode} {result.ReadText()}");
        }
    }

    public static async Task<Person?> RunReadmeKeyedAsync(BatchClient client, Ticket ticket, string key)
    {
        var replies = await client.RunAsync(new Dictionary<string, Request>
        {
            ["john"] = BatchCall.Get("people/1"),
            ["new"] = BatchCall.Post("tickets").WithJson(ticket, AppJson.Default.Ticket).WithHeader("Idempotency-Key", key),
        });
        var john = replies["john"].ReadJson(AppJson.Default.Person);
        return john;
    }

    private static void Save(int? index, Item? item) => Console.WriteLine($"{index}: {item}");

    private static void Note(int? index, int statusCode, string why) => Console.WriteLine($"{index}: {statusCode}, {why}");

    internal sealed record Item(int Id);

    internal sealed record Person(int Id);

    internal sealed record Ticket(int Id);
}

[JsonSerializable(typeof(PageCode.Item))]
[JsonSerializable(typeof(PageCode.Person))]
[JsonSerializable(typeof(PageCode.Ticket))]
internal sealed partial class AppJson : JsonSerializerContext;
