using System.Buffers;
using Grpc.Core;
using Grpc.Net.Internal;

namespace Grpc.Tests.Common;

public sealed class PayloadWriterTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4090)]
    [InlineData(4091)]
    [InlineData(4092)]
    [InlineData(100_000)]
    public void Serialize_EveryWayToWrite_SameFrame(int length)
    {
        var payload = new byte[length];
        new Random(length).NextBytes(payload);
        var expected = Infrastructure.RawCall.Frame(payload);

        Assert.Equal(expected, Serialize((_, context) => context.Complete(payload)));
        Assert.Equal(expected, Serialize((_, context) =>
        {
            context.GetBufferWriter().Write(payload);
            context.Complete();
        }));
        Assert.Equal(expected, Serialize((_, context) =>
        {
            context.SetPayloadLength(length);
            context.GetBufferWriter().Write(payload);
            context.Complete();
        }));
    }

    [Theory]
    [InlineData(10, 9)]
    [InlineData(10, 11)]
    [InlineData(10_000, 9_999)]
    [InlineData(10_000, 10_001)]
    public void Serialize_OtherLengthThanAnnounced_Refused(int announced, int written)
    {
        var exception = Record.Exception(() => Serialize((_, context) =>
        {
            context.SetPayloadLength(announced);
            context.GetBufferWriter().Write(new byte[written]);
            context.Complete();
        }));

        Assert.IsType<InvalidOperationException>(exception);
    }

    [Fact]
    public void Serialize_SmallMessageFails_NothingWritten()
    {
        var output = new ArrayBufferWriter<byte>();
        var torn = false;

        Assert.Throws<InvalidDataException>(() => PayloadWriter.Serialize(
            static (_, context) =>
            {
                context.SetPayloadLength(100);
                context.GetBufferWriter().Write(new byte[50]);
                throw new InvalidDataException();
            },
            "",
            output,
            compression: null,
            compressionLevel: null,
            maxMessageSize: null,
            ref torn));

        Assert.False(torn);
        Assert.Equal(0, output.WrittenCount);
    }

    [Fact]
    public void Serialize_LargeMessageFails_Torn()
    {
        var torn = false;

        Assert.Throws<InvalidDataException>(() => PayloadWriter.Serialize(
            static (_, context) =>
            {
                context.SetPayloadLength(10_000);
                context.GetBufferWriter().Write(new byte[50]);
                throw new InvalidDataException();
            },
            "",
            new ArrayBufferWriter<byte>(),
            compression: null,
            compressionLevel: null,
            maxMessageSize: null,
            ref torn));

        Assert.True(torn);
    }

    [Fact]
    public void Serialize_NotCompleted_Refused() =>
        Assert.Throws<InvalidOperationException>(() => Serialize(static (_, context) => context.GetBufferWriter().Write(new byte[1])));

    [Fact]
    public void Serialize_SerializerSerializes_BothWhole()
    {
        var frame = Serialize(static (_, context) => context.Complete(Serialize(static (_, inner) => inner.Complete([1, 2]))));

        Assert.Equal([0, 0, 0, 0, 7, 0, 0, 0, 0, 2, 1, 2], frame);
    }

    private static byte[] Serialize(Action<string, SerializationContext> serializer)
    {
        var output = new ArrayBufferWriter<byte>();
        var torn = false;
        var written = PayloadWriter.Serialize(serializer, "", output, null, null, null, ref torn);
        Assert.Equal(output.WrittenCount, written);
        return output.WrittenSpan.ToArray();
    }
}
