using System.Diagnostics;
using System.Text;
using Grpc.AspNetCore.JsonTranscoding;
using Grpc.AspNetCore.JsonTranscoding.Internal.Binding;
using Grpc.AspNetCore.JsonTranscoding.Internal.Templates;
using Transcoding.Test.V1;
using Xunit.Abstractions;

namespace Grpc.JsonTranscoding.Tests.Json;

/// <summary>
/// Damaged input must either bind or be refused as the caller's mistake; anything else is a bug. Runs are
/// bounded in count and time, and print their seed: set TRANSCODING_SEED to repeat one.
/// </summary>
public sealed class MutationTests(ITestOutputHelper output)
{
    private const int Rounds = 100_000;

    /// <summary>Characters that mean something in one of the grammars.</summary>
    private const string Telling = "{}[]\",:\\0123456789eE+-.%&=ntu/ \n\0\xff";

    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(20);

    private static readonly string[] Bodies =
    [
        """{"int32Value":-5,"int64Value":"9007199254740993","uint64Value":1e3,"floatValue":0.1,"doubleValue":"NaN","boolValue":true}""",
        """{"stringValue":"é\n\ud83d\ude00","bytesValue":"AAEC_w","color":"COLOR_RED","child":{"ints":[1,2,3],"labels":{"a":"b"}}}""",
        """{"timestamp":"2026-11-21T21:48:00.123456789+02:00","duration":"-1.5s","fieldMask":"a.bC,d","struct":{"a":[1,null,{"b":true}]}}""",
        """{"any":{"value":"3s","@type":"x/google.protobuf.Duration"},"anys":[{"@type":"x/transcoding.test.v1.Leaf","next":{"name":"x"}}]}""",
        """{"byInt32":{"1":"a"},"byBool":{"true":"x"},"leafMap":{"k":{"size":1}},"choiceInt32":null,"choiceString":"x","unknown":[{"a":{}}]}""",
        """{"int32Wrapper":0,"stringWrapper":"","int32Wrappers":[1,2],"optionalInt32":0,"values":[null,1,"x",[],{}],"leaves":[{},{}]}""",
    ];

    private static readonly string[] Queries =
    [
        "?int32Value=-5&int64Value=9007199254740993&doubleValue=NaN&boolValue=TRUE&color=COLOR_RED&ints=1&ints=2",
        "?child.stringValue=a%20b+c&child.child.int32Value=2&bytesValue=AAEC_w&timestamp=2026-11-21T21:48:00Z&duration=1.5s",
        "?fieldMask=a.bC,d&int32Wrapper=0&stringWrapper=%E2%82%AC&leaves.name=x&labels=y&unknown.z=1&@other-name=2",
    ];

    private static readonly string[] Paths =
    [
        "/v1/things/a%2Fb/x/1", "/v1/things/%E2%82%AC/x%252F/%31", "/v1/things/a:b/c%20d/-5",
    ];

    [Fact]
    public void Read_DamagedBodies_AreReadOrRefused() => Run(random =>
    {
        var text = Damage(random, Encoding.UTF8.GetBytes(Bodies[random.Next(Bodies.Length)]));
        var message = new Everything();
        JsonTester.Json.Read(
            random.Next(2) == 0 ? new(text) : JsonTester.Split(text, random.Next(1, 20)), message);

        // What was read can be written, and means the same.
        var again = JsonTester.Read(JsonTester.Write(message));
        if (!message.Equals(again))
        {
            Assert.Equal(JsonTester.Write(message), JsonTester.Write(again));
        }
    });

    [Fact]
    public void Bind_DamagedQueries_AreBoundOrRefused()
    {
        var route = CreateRoute("/v1/query");
        Run(random =>
        {
            var text = Encoding.Latin1.GetString(Damage(random, Encoding.Latin1.GetBytes(Queries[random.Next(Queries.Length)])));
            QueryBinder.Bind(route, QueryText.Parse(text), new Everything());
        });
    }

    [Fact]
    public void Read_DamagedPaths_AreBoundOrRefused()
    {
        var template = HttpTemplate.Parse("/v1/things/{string_value=*/*}/{int32_value}");
        var route = CreateRoute("/v1/things/{string_value=*/*}/{int32_value}");
        Run(random =>
        {
            var text = Encoding.Latin1.GetString(Damage(random, Encoding.Latin1.GetBytes(Paths[random.Next(Paths.Length)])));
            for (var i = 0; i < template.Variables.Count && template.Matches(text); i++)
            {
                var value = PathReader.Read(template, template.Variables[i], text, isEncoded: random.Next(2) == 0);
                QueryBinder.Bind(route, [KeyValuePair.Create(template.Variables[i].FieldPath, value)], new Everything());
            }
        });
    }

    private static TranscodedRoute CreateRoute(string template) =>
        new(BindingReflection(), "GET", HttpTemplate.Parse(template)) { Dialect = new JsonDialect(), Json = JsonTester.Json };

    private static Google.Protobuf.Reflection.MethodDescriptor BindingReflection() =>
        Transcoding.Test.V1.Binding.Descriptor.FindMethodByName("Get");

    private static byte[] Damage(Random random, byte[] text)
    {
        var bytes = text.ToList();
        for (var count = random.Next(1, 4); count > 0 && bytes.Count > 0; count--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveAt(at);
                    break;
                case 2:
                    bytes.Insert(at, (byte)Telling[random.Next(Telling.Length)]);
                    break;
                case 3:
                    bytes.RemoveRange(at, random.Next(bytes.Count - at));
                    break;
                case 4:
                    bytes.InsertRange(at, bytes.GetRange(at, random.Next(bytes.Count - at)));
                    break;
                default:
                    bytes.InsertRange(at, Enumerable.Repeat(bytes[at], random.Next(200)));
                    break;
            }
        }

        return [.. bytes];
    }

    private void Run(Action<Random> round)
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("TRANSCODING_SEED"), out var given) ? given : Random.Shared.Next();
        output.WriteLine($"Seed {seed}");
        var random = new Random(seed);
        var clock = Stopwatch.StartNew();
        var refused = 0;
        var i = 0;
        for (; i < Rounds && clock.Elapsed < MaxTime; i++)
        {
            try
            {
                round(random);
            }
            catch (InvalidRequestException)
            {
                refused++;
            }
        }

        output.WriteLine($"{i} rounds, {refused} refused");
        Assert.InRange(refused, 1, i - 1);
    }
}
