using System.Buffers;
using Batching.Server.Services;
using Batching.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Enum = Google.Protobuf.WellKnownTypes.Enum;

namespace Batching.Server.Tests.Services;

public sealed class MessageMemoryTests
{
    private const int Parts = 100_000;

    public static TheoryData<string, IMessage> Messages => new()
    {
        { "empty messages", new Enum { Enumvalue = { Enumerable.Range(0, Parts).Select(_ => new EnumValue()) } } },
        { "short texts", new FieldMask { Paths = { Enumerable.Repeat("x", Parts) } } },
        { "one long text", new Request { Path = new string('x', 100 * Parts) } },
        { "bytes", new Request { Body = ByteString.CopyFrom(new byte[100 * Parts]) } },
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

        Assert.True(Exceeds(message.Descriptor, payload, allocated / 4), $"{what}: less than a quarter of {allocated} bytes");
        Assert.False(Exceeds(message.Descriptor, payload, allocated * 4), $"{what}: more than four times {allocated} bytes");
    }

    [Fact]
    public void Exceeds_UnknownFields_CountAsWell()
    {
        var payload = new ReadOnlySequence<byte>(Enumerable.Repeat(new byte[] { 0xA8, 0x3E, 1 }, Parts).SelectMany(field => field).ToArray());

        Assert.True(Exceeds(Request.Descriptor, payload, Parts));
    }

    [Theory]
    [InlineData(new byte[] { 0x0A, 0xFF, 0xFF, 0xFF, 0x7F })]
    [InlineData(new byte[] { 0x0A })]
    [InlineData(new byte[] { 0x0F, 0x0F })]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF })]
    [InlineData(new byte[] { 0x09, 1, 2 })]
    public void Exceeds_Malformed_IsLeftForTheParser(byte[] payload) =>
        Assert.False(Exceeds(ListValue.Descriptor, new ReadOnlySequence<byte>(payload), 1000));

    // The parser drops the bits beyond 32, and reads on.
    [Theory]
    [InlineData(new byte[] { 0x8A, 0x80, 0x80, 0x80, 0x80, 0x01, 0x00 })]
    [InlineData(new byte[] { 0x0A, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01 })]
    public void Exceeds_TagOrLengthOfMoreThan32Bits_IsCountedAsParsed(byte[] value)
    {
        var payload = Enumerable.Repeat(value, Parts).SelectMany(part => part).ToArray();
        Assert.Equal(Parts, ListValue.Parser.ParseFrom(payload).Values.Count);

        Assert.True(Exceeds(ListValue.Descriptor, new ReadOnlySequence<byte>(payload), 60 * Parts));
    }

    [Fact]
    public void Exceeds_DeeperThanTheParserGoes_Ends()
    {
        // Lists in lists, each a byte of tag and one of length for two levels, cut off in the end.
        var payload = Enumerable.Repeat(new byte[] { 0x0A, 0x7F, 0x32, 0x7F }, 200_000).SelectMany(level => level).ToArray();

        Assert.False(Exceeds(ListValue.Descriptor, new ReadOnlySequence<byte>(payload), 1_000_000));
    }

    private static bool Exceeds(MessageDescriptor type, ReadOnlySequence<byte> payload, long limit) =>
        MessageMemory.Estimate(type, payload, limit) > limit;
}
