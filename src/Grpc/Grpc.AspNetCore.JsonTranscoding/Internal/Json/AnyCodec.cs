using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>
/// <c>google.protobuf.Any</c>: the packed message with an additional <c>@type</c>, or <c>@type</c> and
/// <c>value</c> when the packed type's JSON is no plain object of its fields.
/// </summary>
internal sealed class AnyCodec(CodecRegistry registry) : MessageCodec
{
    public override void Write(Utf8JsonWriter writer, IMessage message)
    {
        var any = (Any)message;
        writer.WriteStartObject();
        if (any.TypeUrl.Length > 0)
        {
            var type = registry.FindType(Any.GetTypeName(any.TypeUrl))
                ?? throw new InvalidOperationException($"The type of the Any '{any.TypeUrl}' is not known.");
            writer.WriteString("@type"u8, any.TypeUrl);
            var packed = type.Parser.ParseFrom(any.Value);
            var codec = registry.Get(type);
            if (codec is ObjectCodec members)
            {
                members.WriteMembers(writer, packed);
            }
            else
            {
                writer.WritePropertyName("value"u8);
                codec.Write(writer, packed);
            }
        }

        writer.WriteEndObject();
    }

    public override void Read(ref Utf8JsonReader reader, IMessage message)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonValueException("An object was expected.");
        }

        var any = (Any)message;
        if (FindTypeUrl(reader) is not { } url)
        {
            // An empty object is an Any that holds nothing.
            reader.Read();
            if (reader.TokenType != JsonTokenType.EndObject)
            {
                throw new JsonValueException("An Any needs a member '@type'.");
            }

            return;
        }

        var slash = url.LastIndexOf('/');
        var type = slash >= 0 ? registry.FindType(url[(slash + 1)..]) : null;
        if (type is null)
        {
            throw new JsonValueException($"The type '{url}' is not known.");
        }

        var packed = type.Parser.ParseFrom(ByteString.Empty);
        var codec = registry.Get(type);
        if (codec is ObjectCodec members)
        {
            members.Read(ref reader, packed, isInAny: true);
        }
        else
        {
            ReadValue(ref reader, codec, packed);
        }

        any.TypeUrl = url;
        any.Value = packed.ToByteString();
    }

    /// <summary>
    /// Looks for <c>@type</c> with a copy of the reader, because it may stand anywhere in the object.
    /// </summary>
    private static string? FindTypeUrl(Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var isType = reader.ValueTextEquals("@type"u8);
            reader.Read();
            if (isType)
            {
                return reader.TokenType == JsonTokenType.String
                    ? reader.GetString()
                    : throw new JsonValueException("The '@type' of an Any is a string.");
            }

            reader.Skip();
        }

        return null;
    }

    private static void ReadValue(ref Utf8JsonReader reader, MessageCodec codec, IMessage packed)
    {
        var hasType = false;
        var hasValue = false;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var isType = reader.ValueTextEquals("@type"u8);
            var isValue = reader.ValueTextEquals("value"u8);
            reader.Read();
            if (isType && !hasType)
            {
                hasType = true;
            }
            else if (isValue && !hasValue)
            {
                hasValue = true;
                codec.Read(ref reader, packed);
            }
            else
            {
                throw new JsonValueException(
                    "An Any of this type has only the members '@type' and 'value', once each.");
            }
        }

        if (!hasValue)
        {
            throw new JsonValueException("An Any of this type needs a member 'value'.");
        }
    }
}
