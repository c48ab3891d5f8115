// Submits a batch and streams its results: dotnet run examples/csharp.cs [http://localhost:8080]
using System.Text.Json.Nodes;

var url = $"{args.FirstOrDefault("http://localhost:8080")}/api/v0/batch";
using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };

using var reply = await http.PostAsync(url, new StringContent("""
    [{"path": "sample/items", "params": {"limit": 2}}, {"path": "sample/image.png"}, {"path": "sample/slow?ms=500"}]
    """));
reply.EnsureSuccessStatusCode();
var id = (string)JsonNode.Parse(await reply.Content.ReadAsStringAsync())!["Batch"]!["id"]!;
Console.WriteLine($"batch {id}");

// A stream may be cut at any time. It goes on behind the last result that is dealt with.
var after = 0;
while (!await ReadAsync())
{
    await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
}

Console.WriteLine("done");

// False if the stream has ended before the batch.
async Task<bool> ReadAsync()
{
    try
    {
        using var response = await http.GetAsync($"{url}/{id}/results?after={after}", HttpCompletionOption.ResponseHeadersRead);
        if ((int)response.StatusCode is >= 400 and < 500)
        {
            throw new InvalidOperationException($"Refused: {await response.Content.ReadAsStringAsync()}");
        }

        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
        while (await lines.ReadLineAsync() is { } line)
        {
            var record = JsonNode.Parse(line)!;
            if (record["Request"] is { } request)
            {
                Console.WriteLine($"result {record["position"]}: status {request["responseStatusCode"]}");
                after = (int)record["position"]!;
            }
            else if (record["end"] is not null)
            {
                return (int)record["runningRequests"]! == 0;
            }
        }
    }
    catch (Exception exception) when (exception is HttpRequestException or IOException or System.Text.Json.JsonException)
    {
        Console.WriteLine($"cut: {exception.Message}");
    }

    return false;
}
