using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Batching.CrashTests.Callers;
using Batching.V1;
using Google.Protobuf;

namespace Batching.CrashTests;

/// <summary>A client gives up a connection while a reply waits in its socket.</summary>
public sealed class ArrivalLogTests
{
    private const byte Data = 0;
    private const byte Headers = 1;
    private const byte EndStream = 1;

    private static readonly FetchBatchResponse Reply = new() { Position = 7, Batch = new Batch { Id = "1" } };

    [Fact]
    public async Task EndOf_WholeReplyWasNeverRead_IsWhole()
    {
        var arrived = await GiveUpAsync([.. Frame(Data, 0, MessageOf(Reply)), .. Frame(Headers, EndStream, [])]);

        Assert.True(await arrived.IsWhole);
        Assert.Equal(Reply, Assert.Single(arrived.Read(FetchBatchResponse.Parser)));
    }

    [Fact]
    public async Task EndOf_TrailersNeverCame_IsNotWhole()
    {
        var arrived = await GiveUpAsync(Frame(Data, 0, MessageOf(Reply)));

        Assert.False(await arrived.IsWhole);
        Assert.Equal(Reply, Assert.Single(arrived.Read(FetchBatchResponse.Parser)));
    }

    [Fact]
    public async Task EndOf_FrameWasCut_HasNoMessage()
    {
        var arrived = await GiveUpAsync(Frame(Data, 0, MessageOf(Reply))[..^1]);

        Assert.False(await arrived.IsWhole);
        Assert.Empty(arrived.Read(FetchBatchResponse.Parser));
    }

    private static async Task<ArrivedReply> GiveUpAsync(byte[] reply)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(listener.LocalEndpoint);
        var log = new ArrivalLog();
        var call = log.NextCall();
        await using (var stream = new WatchedStream(new NetworkStream(socket, ownsSocket: true), new Http2Watch(log)))
        {
            await stream.WriteAsync(new byte[24]);
            await stream.WriteAsync(Frame(
                Headers, EndStream, [0, 10, .. Encoding.ASCII.GetBytes(ArrivalLog.HeaderName), 8, .. Encoding.ASCII.GetBytes(call)]));
            using var server = await listener.AcceptTcpClientAsync();
            await server.GetStream().WriteAsync(reply);
        }

        return await log.EndOfAsync(call) ?? throw new InvalidOperationException("The call was not seen.");
    }

    private static byte[] MessageOf(FetchBatchResponse message) =>
        [0, .. BigEndian(message.CalculateSize()), .. message.ToByteArray()];

    private static byte[] Frame(byte type, byte flags, byte[] payload) =>
        [.. BigEndian(payload.Length)[1..], type, flags, .. BigEndian(1), .. payload];

    private static byte[] BigEndian(int value)
    {
        var bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }
}
