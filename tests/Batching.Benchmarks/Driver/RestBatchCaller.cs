using System.Buffers.Text;
using System.Net;
using System.Text;

namespace Batching.Benchmarks.Driver;

/// <summary>Speaks the v0 paths over HTTP/1.1: JSON in, lines of JSON out.</summary>
/// <inheritdoc />
internal sealed class RestBatchCaller(int port, ReadOnlyMemory<byte> body) : BatchCaller(port, body)
{
    private static ReadOnlySpan<byte> CreatedStart => """{"Batch":{"id":"""u8;

    private static ReadOnlySpan<byte> PositionStart => """{"position":"""u8;

    private static ReadOnlySpan<byte> EndStart => """{"end":true,"""u8;

    private static ReadOnlySpan<byte> StatusStart => "\"responseStatusCode\":200,"u8;

    private static ReadOnlySpan<byte> ResponseStart => "\"response\":"u8;

    public override async Task<string> SubmitAsync(Submission submission)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, UriOf("/api/v0/batch"))
        {
            Version = HttpVersion.Version11,
            Content = new ReadOnlyMemoryContent(submission.Json),
        };
        using var response = await SendAsync(request);
        var json = await response.Content.ReadAsByteArrayAsync();
        if (!json.AsSpan().StartsWith(CreatedStart))
        {
            throw new InvalidDataException(Encoding.UTF8.GetString(json));
        }

        var id = json.AsSpan(CreatedStart.Length + 1);
        return Encoding.ASCII.GetString(id[..id.IndexOf((byte)'"')]);
    }

    protected override HttpRequestMessage CreateFetch(string batchId) =>
        new(HttpMethod.Get, UriOf($"/api/v0/batch/{batchId}/results?after=0")) { Version = HttpVersion.Version11 };

    protected override Record TakeRecord(ReadOnlySpan<byte> bytes, int position)
    {
        var end = bytes.IndexOf((byte)'\n');
        if (end < 0)
        {
            return default;
        }

        var line = bytes[..end];
        if (line.StartsWith(EndStart))
        {
            return new Record(end + 1, IsEnd: true);
        }

        if (!line.StartsWith(PositionStart)
            || !Utf8Parser.TryParse(line[PositionStart.Length..], out int found, out _)
            || found != position
            || line.IndexOf(StatusStart) < 0
            || (!Body.IsEmpty && !line[(line.IndexOf(ResponseStart) + ResponseStart.Length)..].StartsWith(Body)))
        {
            throw Wrong(position, line);
        }

        return new Record(end + 1, IsEnd: false);
    }
}
