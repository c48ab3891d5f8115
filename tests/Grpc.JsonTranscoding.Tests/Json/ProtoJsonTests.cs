using System.Buffers;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Grpc.AspNetCore.JsonTranscoding;
using Grpc.AspNetCore.JsonTranscoding.Internal.Json;
using Transcoding.Test.V1;

namespace Grpc.JsonTranscoding.Tests.Json;

public sealed class ProtoJsonTests
{
    private static readonly ProtoJson Json = CreateJson();

    private static readonly JsonParser Official = new(JsonParser.Settings.Default.WithTypeRegistry(
        Google.Protobuf.Reflection.TypeRegistry.FromFiles(EverythingReflection.Descriptor)));

    [Theory]
    [InlineData("""{"int32Value":-5,"int64Value":"9007199254740993","boolValue":true,"stringValue":"é\n"}""")]
    [InlineData("""{"bytesValue":"AAEC/w==","color":"COLOR_RED","child":{"ints":[1,2,3],"labels":{"a":"b"}}}""")]
    [InlineData("""{"timestamp":"2026-11-21T21:48:00.120Z","duration":"-1.500s","fieldMask":"a.bC,d","any":{"@type":"type.googleapis.com/transcoding.test.v1.Leaf","name":"x"}}""")]
    [InlineData("""{"int32Wrapper":0,"stringWrapper":"","struct":{"a":[1,null,"x",{"b":true}]},"value":null,"listValue":[1.5]}""")]
    [InlineData("""{"optionalInt32":0,"choiceInt32":0,"any":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"3s"}}""")]
    public void ReadAndWrite_CanonicalText_GivesItBack(string text)
    {
        var message = new Everything();
        Json.Read(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(text)), message);

        Assert.Equal(text, Write(message));
        Assert.Equal(Official.Parse<Everything>(text), message);
    }

    private static ProtoJson CreateJson()
    {
        var json = new ProtoJson();
        json.Codecs.AddTypes(EverythingReflection.Descriptor);
        return json;
    }

    private static string Write(IMessage message)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer, JsonText.WriterOptions);
        Json.Write(writer, message);
        writer.Flush();
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
