using System.Text;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.AspNetCore.JsonTranscoding;
using Transcoding.Test.V1;

namespace Grpc.JsonTranscoding.Tests.Json;

public sealed class ProtoJsonTests
{
    /// <summary>
    /// Texts in canonical form: they must survive reading and writing, and mean what Google's codec takes them for.
    /// </summary>
    [Theory]
    [InlineData("{}")]
    [InlineData("""{"int32Value":-5,"sint32Value":-2147483648,"sfixed32Value":2147483647,"uint32Value":4294967295,"fixed32Value":1}""")]
    [InlineData("""{"int64Value":"9007199254740993","sint64Value":"-9223372036854775808","sfixed64Value":"9223372036854775807"}""")]
    [InlineData("""{"uint64Value":"18446744073709551615","fixed64Value":"1"}""")]
    [InlineData("""{"floatValue":0.1,"doubleValue":0.1}""")]
    [InlineData("""{"floatValue":"NaN","doubleValue":"-Infinity"}""")]
    [InlineData("""{"floatValue":"Infinity","doubleValue":"NaN"}""")]
    [InlineData("""{"floatValue":-1.5,"doubleValue":123456789.25}""")]
    [InlineData("""{"boolValue":true,"stringValue":"é\n\"\\","bytesValue":"AAEC/w=="}""")]
    [InlineData("""{"stringValue":"<a href='x'>&\u0001\u007F€\uD83D\uDE00</a>"}""")]
    [InlineData("""{"color":"COLOR_RED"}""")]
    [InlineData("""{"color":"COLOR_BELOW_ZERO"}""")]
    [InlineData("""{"color":77}""")]
    [InlineData("""{"child":{}}""")]
    [InlineData("""{"child":{"child":{"child":{"int32Value":1}}}}""")]
    [InlineData("""{"ints":[1,0,-1],"longs":["1","0"],"names":["","a"],"colors":["COLOR_UNSPECIFIED","COLOR_RED",9]}""")]
    [InlineData("""{"blobs":["","AQ=="],"leaves":[{},{"name":"a","size":"5","next":{"name":"b"}}],"flags":[true,false],"doubles":[1,-0.5,"NaN"]}""")]
    [InlineData("""{"labels":{"b":"1","a":"2","":"3"},"byInt32":{"-1":"a"},"byInt64":{"-9223372036854775808":"b"}}""")]
    [InlineData("""{"byUint32":{"4294967295":"a"},"byUint64":{"18446744073709551615":"b"},"byBool":{"true":"x","false":"y"}}""")]
    [InlineData("""{"counts":{"a":"1"},"leafMap":{"a":{"name":"x"}},"colorMap":{"r":"COLOR_RED"},"valueMap":{"n":null,"o":{"x":[1]}}}""")]
    [InlineData("""{"optionalInt32":0,"optionalString":"","optionalBool":false,"optionalColor":"COLOR_UNSPECIFIED"}""")]
    [InlineData("""{"choiceInt32":0}""")]
    [InlineData("""{"choiceString":""}""")]
    [InlineData("""{"choiceLeaf":{}}""")]
    [InlineData("""{"choiceValue":null}""")]
    [InlineData("""{"int32Wrapper":0,"int64Wrapper":"0","uint32Wrapper":0,"uint64Wrapper":"0"}""")]
    [InlineData("""{"floatWrapper":0,"doubleWrapper":0,"boolWrapper":false,"stringWrapper":"","bytesWrapper":""}""")]
    [InlineData("""{"int32Wrappers":[0,1],"stringWrapperMap":{"a":"","b":"x"}}""")]
    [InlineData("""{"timestamp":"0001-01-01T00:00:00Z"}""")]
    [InlineData("""{"timestamp":"9999-12-31T23:59:59.999999999Z"}""")]
    [InlineData("""{"timestamp":"1969-12-31T23:59:59.100Z"}""")]
    [InlineData("""{"timestamp":"2024-02-29T12:34:56.000120Z","timestamps":["1970-01-01T00:00:00Z"]}""")]
    [InlineData("""{"duration":"0s"}""")]
    [InlineData("""{"duration":"-0.500s"}""")]
    [InlineData("""{"duration":"315576000000s"}""")]
    [InlineData("""{"duration":"-3.000001s"}""")]
    [InlineData("""{"duration":"1.000000001s"}""")]
    [InlineData("""{"fieldMask":""}""")]
    [InlineData("""{"fieldMask":"a,bC.dEf"}""")]
    [InlineData("""{"struct":{},"value":"x","listValue":[]}""")]
    [InlineData("""{"struct":{"a":[1,null,"x",{"b":true}],"c":-0.5},"value":{"x":[]},"listValue":[1.5,null,[2]]}""")]
    [InlineData("""{"value":null}""")]
    [InlineData("""{"value":false}""")]
    [InlineData("""{"values":[null,1,"x",[],{}]}""")]
    [InlineData("""{"any":{"@type":"type.googleapis.com/transcoding.test.v1.Leaf","name":"x","size":"1"}}""")]
    [InlineData("""{"any":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"3s"}}""")]
    [InlineData("""{"any":{"@type":"type.googleapis.com/google.protobuf.Int64Value","value":"3"}}""")]
    [InlineData("""{"any":{"@type":"type.googleapis.com/google.protobuf.Struct","value":{"a":1}}}""")]
    [InlineData("""{"empty":{}}""")]
    [InlineData("""{"@other-name":"a","withOddName1":"b","everything":"c"}""")]
    public void ReadThenWrite_CanonicalText_GivesItBack(string text)
    {
        var message = JsonTester.Read(text);

        Assert.Equal(text, JsonTester.Write(message));
        Assert.Equal(message, JsonTester.ReadInPieces(Encoding.UTF8.GetBytes(text), 3));
        Assert.Equal(JsonTester.OfficialParser.Parse<Everything>(text), message);
        Assert.Equal(message, JsonTester.OfficialParser.Parse<Everything>(JsonTester.OfficialFormatter.Format(message)));
    }

    /// <summary>Canonical as well, but Google's codec for C# can't read or write them.</summary>
    [Theory]
    [InlineData("""{"choiceNull":null}""")]
    [InlineData("""{"any":{}}""")]
    [InlineData("""{"any":{"@type":"type.googleapis.com/google.protobuf.Value","value":null}}""")]
    [InlineData("""{"any":{"@type":"type.googleapis.com/google.protobuf.Empty"}}""")]
    [InlineData("""{"any":{"@type":"type.googleapis.com/google.protobuf.Any","value":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"3s"}}}""")]
    public void ReadThenWrite_RareCanonicalText_GivesItBack(string text)
    {
        var message = JsonTester.Read(text);

        Assert.Equal(text, JsonTester.Write(message));
        Assert.Equal(message, JsonTester.ReadInPieces(Encoding.UTF8.GetBytes(text), 3));
    }

    /// <summary>Other ways to say the same.</summary>
    [Theory]
    [InlineData("""{"int32_value":1,"string_value":"a","with__odd_Name_1":"b","renamed":"c"}""", """{"int32Value":1,"stringValue":"a","@other-name":"c","withOddName1":"b"}""")]
    [InlineData("""{"\u0069nt32Value":1}""", """{"int32Value":1}""")]
    [InlineData("""{"int32Value":"5","int64Value":5,"uint64Value":5,"boolValue":false}""", """{"int32Value":5,"int64Value":"5","uint64Value":"5"}""")]
    [InlineData("""{"int32Value":1e2,"int64Value":"1.5e1","uint32Value":1.0,"ints":[1E+1]}""", """{"int32Value":100,"uint32Value":1,"int64Value":"15","ints":[10]}""")]
    [InlineData("""{"doubleValue":"1.5","floatValue":"-2e1","int32Value":-0}""", """{"floatValue":-20,"doubleValue":1.5}""")]
    [InlineData("""{"doubleValue":1e400}""", null)]
    [InlineData("""{"int32Value":-1.20e1,"int64Value":120000000000000000000000000000e-20,"ints":[0e999999999999,0.0e-5,0.001e3,-0.0]}""", """{"int32Value":-12,"int64Value":"1200000000","ints":[0,0,1,0]}""")]
    [InlineData("""{"doubleValue":-0}""", """{"doubleValue":-0}""")]
    [InlineData("""{"floatValue":3.4028235677973366e+38}""", null)]
    [InlineData("""{"color":1,"colors":["COLOR_RED",2,"1"]}""", """{"color":"COLOR_RED","colors":["COLOR_RED","COLOR_GREEN","COLOR_RED"]}""")]
    [InlineData("""{"bytesValue":"AQI_-w","blobs":["AQ","AQI","AQID",""]}""", """{"bytesValue":"AQI/+w==","blobs":["AQ==","AQI=","AQID",""]}""")]
    [InlineData("""{"int32Value":null,"child":null,"ints":null,"labels":null,"int32Wrapper":null,"timestamp":null,"optionalInt32":null}""", "{}")]
    [InlineData("""{"choiceInt32":null,"choiceString":"a"}""", """{"choiceString":"a"}""")]
    [InlineData("""{"nullValue":null}""", "{}")]
    [InlineData("""{"nullValue":"NULL_VALUE"}""", "{}")]
    [InlineData("""{"timestamp":"2026-11-21T21:48:00+02:00"}""", """{"timestamp":"2026-11-21T19:48:00Z"}""")]
    [InlineData("""{"timestamp":"2026-11-21T21:48:00.1-00:30"}""", """{"timestamp":"2026-11-21T22:18:00.100Z"}""")]
    [InlineData("""{"timestamp":"2026-11-21T21:48:00.1234567Z"}""", """{"timestamp":"2026-11-21T21:48:00.123456700Z"}""")]
    [InlineData("""{"duration":"1.5s"}""", """{"duration":"1.500s"}""")]
    [InlineData("""{"duration":"-0.0s"}""", """{"duration":"0s"}""")]
    [InlineData("""{"any":{"name":"x","@type":"type.googleapis.com/transcoding.test.v1.Leaf"}}""", """{"any":{"@type":"type.googleapis.com/transcoding.test.v1.Leaf","name":"x"}}""")]
    [InlineData("""{"any":{"value":"3s","@type":"x/google.protobuf.Duration"}}""", """{"any":{"@type":"x/google.protobuf.Duration","value":"3s"}}""")]
    [InlineData("""{"any":{"next":{"name":"y","@type":"other"},"@type":"type.googleapis.com/transcoding.test.v1.Leaf"}}""", """{"any":{"@type":"type.googleapis.com/transcoding.test.v1.Leaf","next":{"name":"y"}}}""")]
    [InlineData("""{"unknown":1,"also":{"a":[{"b":1},{"b":2}]},"int32Value":1,"INT32VALUE":2}""", """{"int32Value":1}""")]
    [InlineData("""{"byInt32":{"1e0":"a"},"byBool":{"true":"x"}}""", """{"byInt32":{"1":"a"},"byBool":{"true":"x"}}""")]
    [InlineData("""{"stringValue":"\ud83d\ude00"}""", """{"stringValue":"\uD83D\uDE00"}""")]
    public void Read_OtherForms_MeanTheSame(string text, string? canonical)
    {
        if (canonical is null)
        {
            Assert.Throws<InvalidRequestException>(() => JsonTester.Read(text));
            return;
        }

        Assert.Equal(canonical, JsonTester.Write(JsonTester.Read(text)));
        Assert.Equal(canonical, JsonTester.Write(JsonTester.ReadInPieces(Encoding.UTF8.GetBytes(text), 1)));
    }

    [Theory]
    // No JSON.
    [InlineData(" ", "")]
    [InlineData("{", "")]
    [InlineData("""{"int32Value":1""", "")]
    [InlineData("""{"int32Value":1}}""", "")]
    [InlineData("""{"int32Value":1} x""", "")]
    [InlineData("{}{}", "")]
    [InlineData("""{"int32Value":01}""", "")]
    [InlineData("""{"int32Value":+1}""", "")]
    [InlineData("""{"int32Value":1,}""", "")]
    [InlineData("""{/**/}""", "")]
    [InlineData("""{'int32Value':1}""", "")]
    [InlineData("""{"doubleValue":NaN}""", "")]
    [InlineData("""{"stringValue":"\ud83d"}""", "")]
    [InlineData("{\"stringValue\":\"a\nb\"}", "")]
    // Twice the same.
    [InlineData("""{"int32Value":1,"int32Value":1}""", "int32Value")]
    [InlineData("""{"int32Value":1,"int32_value":1}""", "int32Value")]
    [InlineData("""{"int32Value":null,"int32Value":1}""", "int32Value")]
    [InlineData("""{"child":{"ints":[],"ints":[]}}""", "child.ints")]
    [InlineData("""{"labels":{"a":"1","a":"2"}}""", "labels[a]")]
    [InlineData("""{"byInt32":{"1":"a","1.0":"b"}}""", "byInt32[1]")]
    [InlineData("""{"struct":{"a":1,"a":2}}""", "struct")]
    [InlineData("""{"unknown":1,"unknown":2}""", "unknown")]
    [InlineData("""{"unknown":[{"a":1,"a":2}]}""", "unknown")]
    [InlineData("""{"choiceInt32":1,"choiceString":"a"}""", "choiceString")]
    [InlineData("""{"choiceNull":null,"choiceString":"a"}""", "choiceString")]
    [InlineData("""{"any":{"@type":"x/google.protobuf.Duration","value":"1s","value":"2s"}}""", "any")]
    [InlineData("""{"any":{"@type":"x/transcoding.test.v1.Leaf","@type":"x/transcoding.test.v1.Leaf"}}""", "any.@type")]
    // The wrong kind of value.
    [InlineData("[]", "")]
    [InlineData("null", "")]
    [InlineData("1", "")]
    [InlineData("""{"int32Value":true}""", "int32Value")]
    [InlineData("""{"int32Value":{}}""", "int32Value")]
    [InlineData("""{"int32Value":[]}""", "int32Value")]
    [InlineData("""{"int32Value":""}""", "int32Value")]
    [InlineData("""{"int32Value":" 1"}""", "int32Value")]
    [InlineData("""{"int32Value":"01"}""", "int32Value")]
    [InlineData("""{"int32Value":1.5}""", "int32Value")]
    [InlineData("""{"int32Value":2147483648}""", "int32Value")]
    [InlineData("""{"uint32Value":-1}""", "uint32Value")]
    [InlineData("""{"int64Value":9223372036854775808}""", "int64Value")]
    [InlineData("""{"uint64Value":1e20}""", "uint64Value")]
    [InlineData("""{"int64Value":1e-400}""", "int64Value")]
    [InlineData("""{"int64Value":1.00000000000000000000000000000000001}""", "int64Value")]
    [InlineData("""{"int64Value":1e99999999999999999999}""", "int64Value")]
    [InlineData("""{"floatValue":3.5e38}""", "floatValue")]
    [InlineData("""{"doubleValue":"nan"}""", "doubleValue")]
    [InlineData("""{"doubleValue":"1 "}""", "doubleValue")]
    [InlineData("""{"boolValue":"true"}""", "boolValue")]
    [InlineData("""{"boolValue":1}""", "boolValue")]
    [InlineData("""{"stringValue":1}""", "stringValue")]
    [InlineData("""{"bytesValue":"A"}""", "bytesValue")]
    [InlineData("""{"bytesValue":"A B="}""", "bytesValue")]
    [InlineData("""{"bytesValue":"é"}""", "bytesValue")]
    [InlineData("""{"color":"red"}""", "color")]
    [InlineData("""{"color":1.5}""", "color")]
    [InlineData("""{"child":[]}""", "child")]
    [InlineData("""{"ints":1}""", "ints")]
    [InlineData("""{"ints":{}}""", "ints")]
    [InlineData("""{"ints":[1,"x"]}""", "ints[1]")]
    [InlineData("""{"ints":[null]}""", "ints[0]")]
    [InlineData("""{"leaves":[{},{"next":{"size":"x"}}]}""", "leaves[1].next.size")]
    [InlineData("""{"leaves":[null]}""", "leaves[0]")]
    [InlineData("""{"labels":[]}""", "labels")]
    [InlineData("""{"labels":{"a":null}}""", "labels[a]")]
    [InlineData("""{"leafMap":{"k":{"name":1}}}""", "leafMap[k].name")]
    [InlineData("""{"byInt32":{"x":"a"}}""", "byInt32")]
    [InlineData("""{"byBool":{"TRUE":"a"}}""", "byBool")]
    [InlineData("""{"int32Wrapper":{"value":1}}""", "int32Wrapper")]
    [InlineData("""{"timestamp":"2026-11-21 21:48:00Z"}""", "timestamp")]
    [InlineData("""{"timestamp":"2026-11-21t21:48:00Z"}""", "timestamp")]
    [InlineData("""{"timestamp":"2026-11-21T21:48:00z"}""", "timestamp")]
    [InlineData("""{"timestamp":"2026-11-21T21:48:00"}""", "timestamp")]
    [InlineData("""{"timestamp":"2026-11-21T21:48:00.Z"}""", "timestamp")]
    [InlineData("""{"timestamp":"2026-11-21T21:48:00.1234567890Z"}""", "timestamp")]
    [InlineData("""{"timestamp":"2026-02-29T00:00:00Z"}""", "timestamp")]
    [InlineData("""{"timestamp":"2026-13-01T00:00:00Z"}""", "timestamp")]
    [InlineData("""{"timestamp":"2026-01-01T24:00:00Z"}""", "timestamp")]
    [InlineData("""{"timestamp":"2026-01-01T00:00:60Z"}""", "timestamp")]
    [InlineData("""{"timestamp":"0001-01-01T00:00:00+00:01"}""", "timestamp")]
    [InlineData("""{"timestamp":"9999-12-31T23:59:59-00:01"}""", "timestamp")]
    [InlineData("""{"timestamp":1}""", "timestamp")]
    [InlineData("""{"duration":"1"}""", "duration")]
    [InlineData("""{"duration":"s"}""", "duration")]
    [InlineData("""{"duration":"1.s"}""", "duration")]
    [InlineData("""{"duration":".5s"}""", "duration")]
    [InlineData("""{"duration":"+1s"}""", "duration")]
    [InlineData("""{"duration":"--1s"}""", "duration")]
    [InlineData("""{"duration":"1.0000000001s"}""", "duration")]
    [InlineData("""{"duration":"315576000001s"}""", "duration")]
    [InlineData("""{"duration":"99999999999999999999s"}""", "duration")]
    [InlineData("""{"fieldMask":"a_b"}""", "fieldMask")]
    [InlineData("""{"fieldMask":"a,,b"}""", "fieldMask")]
    [InlineData("""{"struct":[]}""", "struct")]
    [InlineData("""{"listValue":{}}""", "listValue")]
    [InlineData("""{"value":1e400}""", "value")]
    [InlineData("""{"any":{"name":"x"}}""", "any")]
    [InlineData("""{"any":{"@type":1}}""", "any")]
    [InlineData("""{"any":{"@type":"x/un.Known"}}""", "any")]
    [InlineData("""{"any":{"@type":"transcoding.test.v1.Leaf"}}""", "any")]
    [InlineData("""{"any":{"@type":"x/google.protobuf.Duration"}}""", "any")]
    [InlineData("""{"any":{"@type":"x/google.protobuf.Duration","value":"1s","x":1}}""", "any")]
    [InlineData("""{"any":{"@type":"x/transcoding.test.v1.Leaf","name":1}}""", "any.name")]
    public void Read_BadText_NamesTheField(string text, string field)
    {
        var error = Assert.Throws<InvalidRequestException>(() => JsonTester.Read(text));
        Assert.Equal(field, Assert.Single(error.Details.FieldViolations).Field);

        error = Assert.Throws<InvalidRequestException>(() => JsonTester.ReadInPieces(Encoding.UTF8.GetBytes(text), 2));
        Assert.Equal(field, Assert.Single(error.Details.FieldViolations).Field);
    }

    [Fact]
    public void Read_InvalidUtf8_Throws()
    {
        byte[] text = [.. "{\"stringValue\":\""u8, 0xFF, .. "\"}"u8];

        Assert.Throws<InvalidRequestException>(() => JsonTester.ReadInPieces(text, 100));
    }

    [Theory]
    [InlineData(99, true)]
    [InlineData(100, false)]
    public void Read_Depth_IsLimited(int depth, bool isRead)
    {
        var text = string.Concat(Enumerable.Repeat("{\"child\":", depth)) + "{}" + new string('}', depth);
        if (isRead)
        {
            JsonTester.Read(text);
        }
        else
        {
            Assert.Throws<InvalidRequestException>(() => JsonTester.Read(text));
        }
    }

    [Fact]
    public void Read_UnknownFieldsNotIgnored_AreErrors()
    {
        var json = JsonTester.Create(new ProtoJsonSettings { IgnoreUnknownFields = false });

        var error = Assert.Throws<InvalidRequestException>(() => JsonTester.Read("""{"child":{"nope":1}}""", json));
        Assert.Equal("child.nope", error.Details.FieldViolations[0].Field);
        Assert.Equal(
            "x", JsonTester.Read("""{"any":{"@type":"x/transcoding.test.v1.Leaf","name":"x"}}""", json).Any.Unpack<Leaf>().Name);
    }

    [Fact]
    public void Write_Settings_Count()
    {
        var message = new Leaf { Name = "a" };
        var everything = new Everything { Int32Value = 1, Color = Color.Red, WithOddName1 = "x" };

        Assert.Equal("""{"name":"a","size":"0"}""", JsonTester.Write(message, JsonTester.Create(new ProtoJsonSettings { WriteDefaultValues = true })));
        Assert.Equal(
            """{"int32_value":1,"color":"COLOR_RED","with__odd_Name_1":"x"}""",
            JsonTester.Write(everything, JsonTester.Create(new ProtoJsonSettings { PreserveProtoFieldNames = true })));
        Assert.Equal(
            """{"int32Value":1,"color":1,"withOddName1":"x"}""",
            JsonTester.Write(everything, JsonTester.Create(new ProtoJsonSettings { WriteEnumsAsIntegers = true })));
    }

    [Fact]
    public void Write_WellKnownMessageAlone_IsItsValue()
    {
        Assert.Equal("5", JsonTester.Write(new Int32Value { Value = 5 }));
        Assert.Equal("\"0\"", JsonTester.Write(new UInt64Value()));
        Assert.Equal("\"1s\"", JsonTester.Write(new Duration { Seconds = 1 }));
        Assert.Equal("{}", JsonTester.Write(new Empty()));
        Assert.Equal("null", JsonTester.Write(Value.ForNull()));
        Assert.Equal("null", JsonTester.Write(new Value()));
        Assert.Equal("{}", JsonTester.Write(new Any()));
    }

    [Fact]
    public void Write_MessageWithoutJsonForm_Throws()
    {
        IMessage[] messages =
        [
            new Timestamp { Seconds = long.MaxValue },
            new Timestamp { Nanos = -1 },
            new Duration { Seconds = 1, Nanos = -1 },
            new Duration { Seconds = long.MinValue },
            new FieldMask { Paths = { "aB" } },
            new FieldMask { Paths = { "a__b" } },
            new FieldMask { Paths = { "a_" } },
            Value.ForNumber(double.NaN),
            new Any { TypeUrl = "x/un.Known" },
        ];
        foreach (var message in messages)
        {
            Assert.Throws<InvalidOperationException>(() => JsonTester.Write(message));
        }
    }

    [Fact]
    public void ReadField_AnyKind_FillsOnlyThatField()
    {
        var message = new Everything();
        JsonTester.Json.ReadField(
            new("[1,2]"u8.ToArray()), message, Everything.Descriptor.FindFieldByName("ints"));

        Assert.Equal([1, 2], message.Ints);
        var error = Assert.Throws<InvalidRequestException>(() => JsonTester.Json.ReadField(
            new("[1,x]"u8.ToArray()), new Everything(), Everything.Descriptor.FindFieldByName("ints")));
        Assert.Equal("ints", error.Details.FieldViolations[0].Field);
    }
}
