using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using Google.Protobuf;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>bytes: written as standard base64 with padding; read in both alphabets, padded or not.</summary>
internal sealed class BytesCodec : ValueCodec<ByteString>
{
    public override bool IsDefault(ByteString value) => value.IsEmpty;

    public override void Write(Utf8JsonWriter writer, ByteString value) => writer.WriteBase64StringValue(value.Span);

    public override ByteString Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            throw new JsonValueException("A base64 string was expected.");
        }

        if (reader.TryGetBytesFromBase64(out var bytes))
        {
            return UnsafeByteOperations.UnsafeWrap(bytes);
        }

        using var text = new TokenText(ref reader);
        return Parse(text.Span);
    }

    public override ByteString Parse(ReadOnlySpan<byte> text)
    {
        text = text.TrimEnd((byte)'=');
        var length = (text.Length + 3) / 4 * 4;
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var standard = buffer.AsSpan(0, length);
            text.CopyTo(standard);
            standard.Replace((byte)'-', (byte)'+');
            standard.Replace((byte)'_', (byte)'/');
            standard[text.Length..].Fill((byte)'=');
            var status = text.Length % 4 == 1 || standard.ContainsAny(" \t\r\n"u8)
                ? OperationStatus.InvalidData
                : Base64.DecodeFromUtf8InPlace(standard, out length);
            return status == OperationStatus.Done
                ? ByteString.CopyFrom(standard[..length])
                : throw new JsonValueException("The value is not base64.");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
