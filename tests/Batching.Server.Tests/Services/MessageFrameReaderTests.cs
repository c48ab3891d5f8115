using System.Buffers;
using System.IO.Pipelines;
using Batching.Server.Services;
using Grpc.Core;

namespace Batching.Server.Tests.Services;

public sealed class MessageFrameReaderTests
{
    private readonly Pipe _pipe = new();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(1000)]
    public async Task ReadAsync_FramesInPiecesOfAnySize_AreReadAsTheyAre(int pieceSize)
    {
        byte[] body = [0, 0, 0, 0, 3, 9, 9, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7];
        var read = ReadAllAsync();
        foreach (var piece in body.Chunk(pieceSize))
        {
            await _pipe.Writer.WriteAsync(piece);
        }

        await _pipe.Writer.CompleteAsync();
        Assert.Equal(body, await read);
    }

    [Theory]
    [InlineData(new byte[] { 2 }, StatusCode.Internal)]
    [InlineData(new byte[] { 0xFF, 0, 0, 0, 1, 1 }, StatusCode.Internal)]
    [InlineData(new byte[] { 0, 0x80, 0, 0, 0 }, StatusCode.ResourceExhausted)]
    [InlineData(new byte[] { 0, 0, 0, 0, 1, 5, 3 }, StatusCode.Internal)]
    public async Task ReadAsync_NoFrame_IsRefused(byte[] body, StatusCode code)
    {
        await _pipe.Writer.WriteAsync(body);
        await _pipe.Writer.CompleteAsync();

        var error = await Assert.ThrowsAsync<RpcException>(ReadAllAsync);

        Assert.Equal(code, error.StatusCode);

        // Whoever drains the body afterwards must be able to read.
        Assert.True((await _pipe.Reader.ReadAsync()).IsCompleted);
    }

    // Consumes whole messages, as whoever reads a call does.
    private async Task<byte[]> ReadAllAsync()
    {
        var reader = new MessageFrameReader(_pipe.Reader, memory: null);
        var body = new List<byte>();
        while (true)
        {
            var result = await reader.ReadAsync();
            var bytes = result.Buffer.ToArray();
            var end = 0;
            while (bytes.Length >= end + 5 && bytes.Length >= end + 5 + bytes[end + 4])
            {
                end += 5 + bytes[end + 4];
            }

            body.AddRange(bytes[..end]);
            reader.AdvanceTo(result.Buffer.GetPosition(end), result.Buffer.End);
            if (result.IsCompleted)
            {
                return [.. body];
            }
        }
    }
}
