using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Batching.Interop.Tests.DotNet;
using Batching.V1;
using Grpc.Core;

namespace Batching.Interop.Tests.Proxies;

/// <summary>Reads the results of a batch as they come.</summary>
internal static class ResultStream
{
    /// <summary>Every record up to the one that says it is the last, and not a byte behind the call's end.</summary>
    public static IAsyncEnumerable<StreamRecord> ReadAsync(
        Route route, StreamForm form, string owner, string batchId, CancellationToken cancellationToken) => form switch
        {
            StreamForm.NdJson => ReadLinesAsync(route, owner, batchId, "application/x-ndjson", "{", cancellationToken),
            StreamForm.ServerSentEvents => ReadLinesAsync(route, owner, batchId, "text/event-stream", "data: {", cancellationToken),
            _ => ReadGrpcAsync(route, owner, batchId, cancellationToken),
        };

    private static async IAsyncEnumerable<StreamRecord> ReadLinesAsync(
        Route route,
        string owner,
        string batchId,
        string contentType,
        string prefix,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var client = new HttpClient { BaseAddress = route.Rest.Url };
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v0/batch/{batchId}/results?after=0");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(contentType));
        request.Headers.TryAddWithoutValidation("Authorization", owner);
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        response.EnsureSuccessStatusCode();
        Assert.Equal(contentType, response.Content.Headers.ContentType?.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            // The other lines of server-sent events are positions, comments and blanks.
            if (line.StartsWith(prefix, StringComparison.Ordinal))
            {
                using var record = JsonDocument.Parse(line.AsMemory(prefix.Length - 1));
                var root = record.RootElement;
                yield return new StreamRecord(
                    root.GetProperty("position").GetInt64(),
                    root.TryGetProperty("Request", out _),
                    root.TryGetProperty("end", out _) && root.GetProperty("runningRequests").GetInt64() == 0);
            }
        }
    }

    private static async IAsyncEnumerable<StreamRecord> ReadGrpcAsync(
        Route route, string owner, string batchId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var client = new GatewayClient(route.Grpc, Transport.Cleartext) { Authorization = owner };
        using var call = client.Batches.FetchResults(
            new FetchResultsRequest { BatchId = batchId }, client.Options(TimeSpan.FromMinutes(5)));
        await foreach (var record in call.ResponseStream.ReadAllAsync(cancellationToken))
        {
            yield return new StreamRecord(
                record.Position,
                record.RecordCase == FetchResultsResponse.RecordOneofCase.Request,
                record.RecordCase == FetchResultsResponse.RecordOneofCase.End && record.End.RunningRequests == 0);
        }

        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }
}
