using Google.Protobuf;

namespace Batching.Server.Tests.Telemetry;

/// <summary>The fields of a message whose type nobody has: numbers, and bytes for everything that has a length.</summary>
internal static class ProtobufFields
{
    /// <summary>Reads them, by their numbers.</summary>
    public static ILookup<int, object> Read(byte[] message)
    {
        var fields = new List<(int Number, object Value)>();
        using var input = new CodedInputStream(message);
        while (input.ReadTag() is var tag and not 0)
        {
            fields.Add((WireFormat.GetTagFieldNumber(tag), WireFormat.GetTagWireType(tag) switch
            {
                WireFormat.WireType.Varint => input.ReadUInt64(),
                WireFormat.WireType.Fixed64 => input.ReadFixed64(),
                WireFormat.WireType.Fixed32 => input.ReadFixed32(),
                WireFormat.WireType.LengthDelimited => input.ReadBytes().ToByteArray(),
                var other => throw new InvalidDataException($"A field of the type {other}."),
            }));
        }

        return fields.ToLookup(field => field.Number, field => field.Value);
    }

    /// <summary>The messages in a field.</summary>
    public static IEnumerable<ILookup<int, object>> Messages(this ILookup<int, object> message, int number) =>
        message[number].Select(value => Read((byte[])value));

    /// <summary>A field of bytes in hexadecimal digits; empty if it isn't there.</summary>
    public static string Hex(this ILookup<int, object> message, int number) =>
        Convert.ToHexStringLower(message[number].Cast<byte[]>().SingleOrDefault() ?? []);

    /// <summary>A field of text; empty if it isn't there.</summary>
    public static string Text(this ILookup<int, object> message, int number) =>
        System.Text.Encoding.UTF8.GetString(message[number].Cast<byte[]>().SingleOrDefault() ?? []);
}
