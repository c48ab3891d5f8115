using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Batching.V1;
using Google.Protobuf;

namespace Batching.Benchmarks.Driver;

/// <summary>Speaks gRPC in frames made and read by hand.</summary>
/// <inheritdoc />
internal class GrpcBatchCaller(int port, ReadOnlyMemory<byte> body) : BatchCaller(port, body)
{
    private const int HeaderSize = 5;

    // Field numbers and wire types as they stand before a field.
    private const uint PositionTag = (FetchResultsResponse.PositionFieldNumber << 3) | 0;
    private const uint RequestTag = (FetchResultsResponse.RequestFieldNumber << 3) | 2;
    private const uint EndTag = (FetchResultsResponse.EndFieldNumber << 3) | 2;
    private const uint ResponseTag = (Request.ResponseFieldNumber << 3) | 2;
    private const uint StatusTag = (Response.StatusCodeFieldNumber << 3) | 0;
    private const uint BodyTag = (Response.BodyFieldNumber << 3) | 2;
    private const uint BatchTag = (CreateBatchResponse.BatchFieldNumber << 3) | 2;
    private const uint IdTag = (Batch.IdFieldNumber << 3) | 2;

    public override async Task<string> SubmitAsync(Submission submission)
    {
        using var request = CreateCall(nameof(BatchService.BatchServiceBase.CreateBatch), submission.Frame);
        using var response = await SendAsync(request);
        var frame = await response.Content.ReadAsByteArrayAsync();
        return frame.Length > HeaderSize
            ? Encoding.ASCII.GetString(Field(Field(frame.AsSpan(HeaderSize), BatchTag, out _), IdTag, out _))
            : throw new InvalidDataException($"{response}{response.TrailingHeaders}");
    }

    protected override HttpRequestMessage CreateFetch(string batchId) => CreateCall(
        nameof(BatchService.BatchServiceBase.FetchResults),
        Submission.ToFrame(new FetchResultsRequest { BatchId = batchId, After = 0 }));

    protected override Record TakeRecord(ReadOnlySpan<byte> bytes, int position)
    {
        if (bytes.Length < HeaderSize)
        {
            return default;
        }

        var length = HeaderSize + BinaryPrimitives.ReadInt32BigEndian(bytes[1..]);
        if (bytes.Length < length)
        {
            return default;
        }

        return Look(bytes[HeaderSize..length], length, position);
    }

    /// <summary>Looks at a message of the stream.</summary>
    /// <param name="message">The message.</param>
    /// <param name="length">The bytes of its frame.</param>
    /// <param name="position">Of the result that is to come next.</param>
    protected virtual Record Look(ReadOnlySpan<byte> message, int length, int position)
    {
        Field(message, EndTag, out var isEnd);
        if (isEnd >= 0)
        {
            return new Record(length, IsEnd: true);
        }

        Field(message, PositionTag, out var found);
        var response = Field(Field(message, RequestTag, out _), ResponseTag, out _);
        Field(response, StatusTag, out var status);
        if (found != position || status != 200
            || (!Body.IsEmpty && !Field(response, BodyTag, out _).SequenceEqual(Body)))
        {
            throw Wrong(position, message);
        }

        return new Record(length, IsEnd: false);
    }

    protected HttpRequestMessage CreateCall(string method, ReadOnlyMemory<byte> frame)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, UriOf($"/{BatchService.Descriptor.FullName}/{method}"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ReadOnlyMemoryContent(frame),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.TryAddWithoutValidation("te", "trailers");
        return request;
    }

    // Finds a field of a message: the bytes of one that has a length, and its value or length as a number; -1 if it
    // isn't there.
    protected static ReadOnlySpan<byte> Field(ReadOnlySpan<byte> message, uint wanted, out long number)
    {
        while (!message.IsEmpty)
        {
            var tag = (uint)ReadNumber(ref message);
            number = (tag & 7) is 0 or 2
                ? ReadNumber(ref message)
                : throw new InvalidDataException($"Tag {tag} is in none of these messages.");
            var bytes = message[..((tag & 7) == 2 ? (int)number : 0)];
            if (tag == wanted)
            {
                return bytes;
            }

            message = message[bytes.Length..];
        }

        number = -1;
        return [];
    }

    private static long ReadNumber(ref ReadOnlySpan<byte> message)
    {
        long number = 0;
        var digits = 0;
        byte digit;
        do
        {
            digit = message[digits];
            number |= (long)(digit & 0x7F) << (7 * digits++);
        }
        while (digit >= 0x80);

        message = message[digits..];
        return number;
    }
}
