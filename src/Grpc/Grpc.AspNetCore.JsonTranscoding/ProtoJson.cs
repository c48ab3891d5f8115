using System.Buffers;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.AspNetCore.JsonTranscoding.Internal.Json;

namespace Grpc.AspNetCore.JsonTranscoding;

/// <summary>
/// Canonical proto3 JSON (https://protobuf.dev/programming-guides/json), straight between UTF-8 and
/// generated messages. Builds its tables once a message type, so keep an instance. Safe for concurrent use.
/// </summary>
public sealed class ProtoJson
{
    private readonly JsonReaderOptions _readerOptions;

    /// <summary>Creates a codec.</summary>
    /// <param name="settings">How to read and write; the defaults when null.</param>
    public ProtoJson(ProtoJsonSettings? settings = null)
    {
        settings ??= new ProtoJsonSettings();
        _readerOptions = new JsonReaderOptions { MaxDepth = settings.MaxDepth };
        Codecs = new CodecRegistry(settings);
        Codecs.AddTypes(StatusReflection.Descriptor);
        Codecs.AddTypes(ErrorDetailsReflection.Descriptor);
        Codecs.AddTypes(StructReflection.Descriptor);
        Codecs.AddTypes(TimestampReflection.Descriptor);
        Codecs.AddTypes(FieldMaskReflection.Descriptor);
        Codecs.AddTypes(WrappersReflection.Descriptor);
        Codecs.AddTypes(EmptyReflection.Descriptor);
    }

    private static ReadOnlySpan<byte> Utf8Mark => [0xEF, 0xBB, 0xBF];

    /// <summary>A codec with the default settings.</summary>
    public static ProtoJson Default { get; } = new();

    internal CodecRegistry Codecs { get; }

    /// <summary>Writes a message as one JSON value.</summary>
    /// <exception cref="InvalidOperationException">
    /// The message has no JSON form: an Any of an unknown type, a time out of range, NaN in a Value.
    /// </exception>
    public void Write(Utf8JsonWriter writer, IMessage message) =>
        Codecs.Get(message.Descriptor).Write(writer, message);

    /// <summary>Writes the value of one field, without its name; null for a message field that isn't set.</summary>
    public void WriteField(Utf8JsonWriter writer, IMessage message, FieldDescriptor field) =>
        Codecs.GetObject(message.Descriptor).Find(field).WriteValue(writer, message);

    /// <summary>Reads a complete JSON text into an empty message.</summary>
    /// <exception cref="InvalidRequestException">The text is no JSON or doesn't fit the message; names the
    /// field.</exception>
    public void Read(in ReadOnlySequence<byte> json, IMessage message) => ReadDocument(json, message, null);

    /// <summary>Reads a complete JSON text into one field of a message.</summary>
    /// <inheritdoc cref="Read(in ReadOnlySequence{byte}, IMessage)" path="/exception"/>
    public void ReadField(in ReadOnlySequence<byte> json, IMessage message, FieldDescriptor field) =>
        ReadDocument(json, message, Codecs.GetObject(message.Descriptor).Find(field));

    /// <summary>
    /// Reads the value at the reader's token into an empty message and leaves the reader on its last token.
    /// </summary>
    /// <exception cref="InvalidRequestException">The value doesn't fit the message; names the field.</exception>
    /// <exception cref="JsonException">The text is no JSON.</exception>
    public void Read(ref Utf8JsonReader reader, IMessage message)
    {
        try
        {
            Codecs.Get(message.Descriptor).Read(ref reader, message);
        }
        catch (JsonValueException e)
        {
            throw new InvalidRequestException(e.Path, e.Message);
        }
        catch (InvalidOperationException)
        {
            throw NotUnicode("");
        }
    }

    /// <summary>A reader over a text that is held to the same rules as the texts this codec reads.</summary>
    public Utf8JsonReader CreateReader(in ReadOnlySequence<byte> json)
    {
        var text = SkipMark(json);
        return text.IsSingleSegment
            ? new Utf8JsonReader(text.FirstSpan, _readerOptions)
            : new Utf8JsonReader(text, _readerOptions);
    }

    /// <summary>JSON without the byte order mark that it may begin with (RFC 8259, section 8.1: it may be ignored).</summary>
    internal static ReadOnlySequence<byte> SkipMark(ReadOnlySequence<byte> text)
    {
        if (text.Length < Utf8Mark.Length)
        {
            return text;
        }

        Span<byte> start = stackalloc byte[Utf8Mark.Length];
        text.Slice(0, start.Length).CopyTo(start);
        return start.SequenceEqual(Utf8Mark) ? text.Slice(start.Length) : text;
    }

    private void ReadDocument(in ReadOnlySequence<byte> json, IMessage message, Internal.Json.FieldCodec? field)
    {
        var reader = CreateReader(json);
        try
        {
            reader.Read();
            if (field is null)
            {
                Codecs.Get(message.Descriptor).Read(ref reader, message);
            }
            else if (reader.TokenType != JsonTokenType.Null || field.AcceptsNull)
            {
                field.Read(ref reader, message);
            }

            // Throws if anything but white space follows.
            reader.Read();
        }
        catch (JsonValueException e)
        {
            if (field is not null)
            {
                e.Within(field.Name);
            }

            throw new InvalidRequestException(e.Path, e.Message);
        }
        catch (JsonException e)
        {
            throw new InvalidRequestException(field?.Name ?? "", JsonErrors.Describe(e));
        }
        catch (InvalidOperationException)
        {
            throw NotUnicode(field?.Name ?? "");
        }
    }

    /// <summary>
    /// What an InvalidOperationException while reading means: it is the reader's way of saying that a string holds
    /// invalid UTF-8 or half a surrogate pair.
    /// </summary>
    private static InvalidRequestException NotUnicode(string field) =>
        new(field, "The JSON text holds a string that is not valid Unicode.");
}
