using System.Buffers;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.AspNetCore.JsonTranscoding;
using Grpc.AspNetCore.JsonTranscoding.Internal.Json;
using Transcoding.Test.V1;

namespace Grpc.JsonTranscoding.Tests.Json;

/// <summary>Both directions of a codec as text, and Google's own codec to compare with.</summary>
internal static class JsonTester
{
    public static readonly ProtoJson Json = Create(new ProtoJsonSettings());

    private static readonly TypeRegistry Types = TypeRegistry.FromFiles(EverythingReflection.Descriptor);

    public static readonly JsonParser OfficialParser = new(JsonParser.Settings.Default.WithTypeRegistry(Types).WithIgnoreUnknownFields(true));

    public static readonly JsonFormatter OfficialFormatter = new(JsonFormatter.Settings.Default.WithTypeRegistry(Types));

    public static ProtoJson Create(ProtoJsonSettings settings)
    {
        var json = new ProtoJson(settings);
        json.Codecs.AddTypes(EverythingReflection.Descriptor);
        return json;
    }

    public static Everything Read(string text, ProtoJson? json = null)
    {
        var message = new Everything();
        (json ?? Json).Read(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(text)), message);
        return message;
    }

    /// <summary>Reads a text that arrives in pieces of a few bytes.</summary>
    public static Everything ReadInPieces(byte[] text, int pieceLength)
    {
        var message = new Everything();
        Json.Read(Split(text, pieceLength), message);
        return message;
    }

    public static string Write(IMessage message, ProtoJson? json = null)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer, JsonText.WriterOptions);
        (json ?? Json).Write(writer, message);
        writer.Flush();
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    public static ReadOnlySequence<byte> Split(byte[] text, int pieceLength)
    {
        var first = new Piece(default, 0);
        var last = first;
        for (var at = 0; at < text.Length; at += pieceLength)
        {
            last = last.Append(text.AsMemory(at, Math.Min(pieceLength, text.Length - at)));
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, long index)
        {
            Memory = memory;
            RunningIndex = index;
        }

        public Piece Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Piece(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
