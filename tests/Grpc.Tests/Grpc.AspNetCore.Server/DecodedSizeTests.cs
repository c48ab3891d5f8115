using System.Buffers;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Grpc.AspNetCore.Server.Internal;
using Grpc.Tests.Echo;
using Enum = Google.Protobuf.WellKnownTypes.Enum;
using Type = System.Type;

namespace Grpc.Tests.Server;

public sealed class DecodedSizeTests
{
    private const int Parts = 100_000;

    public static TheoryData<string, IMessage> Messages => new()
    {
        { "empty messages", new Enum { Enumvalue = { Enumerable.Range(0, Parts).Select(_ => new EnumValue()) } } },
        { "short texts", new FieldMask { Paths = { Enumerable.Repeat("x", Parts) } } },
        { "one long text", new EchoRequest { Text = new string('x', 100 * Parts) } },
        { "bytes", new EchoRequest { Payload = ByteString.CopyFrom(new byte[100 * Parts]) } },
        { "values in a list", new ListValue { Values = { Enumerable.Range(0, Parts).Select(_ => Value.ForNull()) } } },
        { "lists in a list", new ListValue { Values = { Enumerable.Range(0, Parts).Select(_ => Value.ForList()) } } },
        { "a map", new Struct { Fields = { Enumerable.Range(0, Parts).ToDictionary(i => $"{i}", _ => Value.ForNumber(1)) } } },
        { "numbers", new SourceCodeInfo.Types.Location { Path = { Enumerable.Range(0, Parts) } } },
    };

    // Within four times of what decoding it allocates.
    [Theory]
    [MemberData(nameof(Messages))]
    public void Exceeds_ManyParts_IsAboutWhatDecodingTakes(string what, IMessage message)
    {
        var payload = new ReadOnlySequence<byte>(message.ToByteArray());
        message.Descriptor.Parser.ParseFrom(payload);
        var before = GC.GetAllocatedBytesForCurrentThread();
        message.Descriptor.Parser.ParseFrom(payload);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.True(DecodedSize.Exceeds(message.GetType(), payload, allocated / 4), $"{what}: less than a quarter of {allocated} bytes");
        Assert.False(DecodedSize.Exceeds(message.GetType(), payload, allocated * 4), $"{what}: more than four times {allocated} bytes");
    }

    [Fact]
    public void Exceeds_UnknownFields_CountAsWell()
    {
        var payload = new ReadOnlySequence<byte>(Enumerable.Repeat(new byte[] { 0xA8, 0x06, 1 }, Parts).SelectMany(field => field).ToArray());

        Assert.True(DecodedSize.Exceeds(typeof(EchoRequest), payload, Parts));
    }

    [Theory]
    [InlineData(new byte[] { 0x0A, 0xFF, 0xFF, 0xFF, 0x7F })]
    [InlineData(new byte[] { 0x0A })]
    [InlineData(new byte[] { 0x0F, 0x0F })]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF })]
    [InlineData(new byte[] { 0x09, 1, 2 })]
    public void Exceeds_Malformed_IsLeftForTheParser(byte[] payload) =>
        Assert.False(DecodedSize.Exceeds(typeof(ListValue), new ReadOnlySequence<byte>(payload), 1000));

    // The parser drops the bits beyond 32, and reads on.
    [Theory]
    [InlineData(new byte[] { 0x8A, 0x80, 0x80, 0x80, 0x80, 0x01, 0x00 })]
    [InlineData(new byte[] { 0x0A, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01 })]
    public void Exceeds_TagOrLengthOfMoreThan32Bits_IsCountedAsParsed(byte[] value)
    {
        var payload = Enumerable.Repeat(value, Parts).SelectMany(part => part).ToArray();
        Assert.Equal(Parts, ListValue.Parser.ParseFrom(payload).Values.Count);

        Assert.True(DecodedSize.Exceeds(typeof(ListValue), new ReadOnlySequence<byte>(payload), 60 * Parts));
    }

    [Fact]
    public void Exceeds_DeeperThanTheParserGoes_Ends()
    {
        // Lists in lists, each a byte of tag and one of length for two levels, cut off in the end.
        var payload = Enumerable.Repeat(new byte[] { 0x0A, 0x7F, 0x32, 0x7F }, 200_000).SelectMany(level => level).ToArray();

        Assert.False(DecodedSize.Exceeds(typeof(ListValue), new ReadOnlySequence<byte>(payload), 1_000_000));
    }

    [Theory]
    [InlineData(typeof(string))]
    [InlineData(typeof(DecodedSizeTests))]
    public void Exceeds_NoProtobuf_TakesNothing(Type type) =>
        Assert.False(DecodedSize.Exceeds(type, new ReadOnlySequence<byte>(new byte[1000]), 1));
}
