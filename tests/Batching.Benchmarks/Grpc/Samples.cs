using Batching.Benchmarks.Grpc.V1;
using Google.Protobuf;

namespace Batching.Benchmarks.Grpc;

/// <summary>The messages that go over the wire, the same from every server.</summary>
internal static class Samples
{
    public const int MessagesPerStream = 20_000;

    /// <summary>A bare endpoint flushes at this many bytes where the other one may buffer as it likes.</summary>
    public const int BareBufferSize = 32 * 1024;

    /// <summary>Of 1,024 bytes when serialized.</summary>
    public static Block Block { get; } = new() { Payload = ByteString.CopyFrom(new byte[1021]) };

    public static ItemDto Item { get; } =
        new("6f1ed002ab5595859014ebf0951522d9", "Fountain pen", 12, 34.5, true, ["office", "gift"]);

    public static StreamedItemDto StreamedItem { get; } = new(Item);

    public static Item ItemMessage { get; } = new()
    {
        Id = Item.Id,
        Name = Item.Name,
        Quantity = Item.Quantity,
        Price = Item.Price,
        Available = Item.Available,
        Tags = { Item.Tags },
    };

    /// <summary>The flag and the length of a gRPC frame, and its message.</summary>
    public static byte[] Frame(IMessage message)
    {
        var payload = message.ToByteArray();
        var length = payload.Length;
        return [0, (byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length, .. payload];
    }
}
