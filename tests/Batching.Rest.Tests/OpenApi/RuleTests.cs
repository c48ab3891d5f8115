using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Batching.Contracts.Rest;
using Google.Api;
using Google.Protobuf.Reflection;

namespace Batching.Rest.Tests.OpenApi;

/// <summary>The document says of paths, parameters and messages what the contract says.</summary>
public sealed class RuleTests
{
    private static readonly MethodDescriptor[] Methods =
    [
        .. new[]
        {
            V0BatchService.Descriptor, V0WebhookService.Descriptor, V1.BatchService.Descriptor, V1.KeyedBatchService.Descriptor,
            V1.GatewayService.Descriptor, V1.WebhookService.Descriptor, V2BatchService.Descriptor,
        }.SelectMany(service => service.Methods).Where(method => RuleOf(method) is not null),
    ];

    // What is read of every call, or of a query whose names are the caller's.
    private static readonly string[] CommonParameters =
        ["suppress_response_codes", "grpc-timeout", "Idempotency-Key", "Range", "Last-Event-ID", "get"];

    // proto3 JSON: what each type becomes.
    private static readonly Dictionary<FieldType, string> Types = new()
    {
        [FieldType.String] = """{"type":"string"}""",
        [FieldType.Bool] = """{"type":"boolean"}""",
        [FieldType.Int32] = """{"type":"integer","format":"int32"}""",
        [FieldType.Int64] = """{"type":"string","format":"int64","pattern":"^-?[0-9]+$"}""",
        [FieldType.Bytes] = """{"type":"string","contentEncoding":"base64"}""",
    };

    private static readonly Dictionary<string, string> WellKnown = new(StringComparer.Ordinal)
    {
        ["google.protobuf.Timestamp"] = """{"type":"string","format":"date-time"}""",
        ["google.protobuf.Struct"] = """{"type":"object","additionalProperties":true}""",
    };

    /// <summary>Every message and enumeration that a REST reply or body of v1 has.</summary>
    public static TheoryData<string> V1Schemas() =>
        [.. ApiDocument.Instance.Schemas.Select(schema => schema.Key).Where(name => name.StartsWith("batch.v1.", StringComparison.Ordinal))];

    [Fact]
    public void Operations_AllOfThem_AreTheRulesOfTheContract()
    {
        var rules = Methods.Select(method => PathOf(RuleOf(method)!)).Order(StringComparer.Ordinal);
        var documented = ApiDocument.Instance.Operations
            .Select(operation => $"{operation.Verb} {operation.Path}").Order(StringComparer.Ordinal);

        Assert.Equal(rules, documented);
    }

    [Fact]
    public void Parameters_OfEachOperation_AreTheFieldsOfItsMessage()
    {
        foreach (var method in Methods)
        {
            var rule = RuleOf(method)!;
            var operation = ApiDocument.Instance.Operations.Single(one => $"{one.Verb} {one.Path}" == PathOf(rule));
            var expected = rule.Body == "*"
                ? method.InputType.Fields.InDeclarationOrder().Select(field => field.Name).Where(rule.Post.Contains)
                : method.InputType.Fields.InDeclarationOrder().Select(field => field.Name).Where(name => name != rule.Body);
            var documented = operation.Parameters.Select(parameter => parameter["name"]!.GetValue<string>())
                .Except(CommonParameters);

            Assert.Equal(expected.Order(StringComparer.Ordinal), documented.Order(StringComparer.Ordinal));
            Assert.All(operation.Parameters, parameter => Assert.Equal(
                operation.Path.Contains($"{{{parameter["name"]}}}", StringComparison.Ordinal),
                parameter["in"]!.GetValue<string>() == "path"));
        }
    }

    [Fact]
    public void Bodies_OfTheContract_AreItsMessages()
    {
        foreach (var method in Methods.Where(method => method.File.Package == "batch.v1"))
        {
            var rule = RuleOf(method)!;
            var operation = ApiDocument.Instance.Operations.Single(one => $"{one.Verb} {one.Path}" == PathOf(rule));

            Assert.Equal(
                $"#/components/schemas/{method.OutputType.FullName}",
                operation.Responses["200"]["content"]!["application/json"]!["schema"]!["$ref"]!.GetValue<string>());
            if (operation.Body is { } body)
            {
                var message = rule.Body == "*" ? method.InputType : method.InputType.FindFieldByName(rule.Body).MessageType;
                Assert.Equal(
                    $"#/components/schemas/{message.FullName}",
                    body["content"]!["application/json"]!["schema"]!["$ref"]!.GetValue<string>());
            }
        }
    }

    // The comment of an RPC names the errors of its own; which of them have a status that not every call can have is held here. Streams
    // that have begun end with 409 as their last record, which has no reason, and a gateway that tells nobody has no such path.
    [Fact]
    public void Errors_OfEachOperation_AreThoseOfItsComment()
    {
        foreach (var method in Methods)
        {
            var operation = ApiDocument.Instance.Operations.Single(one => $"{one.Verb} {one.Path}" == PathOf(RuleOf(method)!));
            var own = ErrorsOf(method);
            Assert.Equal((method.FullName, Says(own, "NOT_FOUND|404")), (method.FullName, operation.Responses.ContainsKey("404")));
            Assert.Equal((method.FullName, Says(own, method.IsServerStreaming ? @"ABORTED\W+with\W+the\W+reason" : "ABORTED|409")), (method.FullName, operation.Responses.ContainsKey("409")));
            Assert.Equal((method.FullName, Says(own, "416")), (method.FullName, operation.Responses.ContainsKey("416")));
        }
    }

    [Theory]
    [MemberData(nameof(V1Schemas))]
    public void Schema_OfTheContract_HasItsFieldsAndTypes(string name)
    {
        var schema = ApiDocument.Instance.Schemas[name]!.AsObject();
        var file = V1.BatchServiceReflection.Descriptor;
        IDescriptor descriptor = new[]
            {
                file, V1.BatchReflection.Descriptor, V1.KeyedBatchServiceReflection.Descriptor, V1.GatewayServiceReflection.Descriptor,
                V1.WebhookReflection.Descriptor, V1.WebhookServiceReflection.Descriptor,
            }
            .SelectMany(one => one.MessageTypes.Cast<IDescriptor>().Concat(one.EnumTypes))
            .Single(one => one.FullName == name);

        if (descriptor is EnumDescriptor enumeration)
        {
            Assert.Equal(
                enumeration.Values.Select(value => value.Name),
                schema["enum"]!.AsArray().Select(value => value!.GetValue<string>()));
            return;
        }

        var fields = ((MessageDescriptor)descriptor).Fields.InDeclarationOrder();
        var properties = schema["properties"]!.AsObject();
        Assert.Equal(fields.Select(field => field.JsonName), properties.Select(property => property.Key));
        Assert.All(fields, field => Assert.True(
            JsonNode.DeepEquals(SchemaOf(field), WithoutProse(properties[field.JsonName]!)),
            $"{field.FullName} is documented as {WithoutProse(properties[field.JsonName]!).ToJsonString()}, not {SchemaOf(field).ToJsonString()}."));
    }

    [Fact]
    public void Pagination_OfV0_HasTheFieldsOfTheContractAndItsStyles()
    {
        var properties = ApiDocument.Instance.Schemas["V0Pagination"]!["properties"]!.AsObject();

        Assert.Equal(
            V1.Pagination.Descriptor.Fields.InDeclarationOrder().Select(field => field.Name).Where(name => name != "items_before"),
            properties.Select(property => property.Key));
        Assert.Equal(
            Enum.GetNames<V1.PaginationStyle>().Skip(1).Select(name => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(name)),
            properties["style"]!["enum"]!.AsArray().Select(value => value!.GetValue<string>()));
    }

    private static bool Says(string errors, string codes) => Regex.IsMatch(errors, $@"\b({codes})\b", RegexOptions.ExplicitCapture);

    private static string ErrorsOf(MethodDescriptor method)
    {
        var lines = File.ReadAllLines(Path.Combine(Repository.Root, "protos", method.File.Name));
        var place = Array.FindIndex(lines, line => line.TrimStart().StartsWith($"rpc {method.Name}(", StringComparison.Ordinal));
        var errors = Array.FindLastIndex(lines, place, line => line.TrimStart().StartsWith("// Errors: ", StringComparison.Ordinal));
        return string.Join(' ', lines[errors..place].Select(line => line.Trim().TrimStart('/')));
    }

    private static HttpRule? RuleOf(MethodDescriptor method) => method.GetOptions()?.GetExtension(AnnotationsExtensions.Http);

    private static string PathOf(HttpRule rule) => rule.PatternCase switch
    {
        HttpRule.PatternOneofCase.Get => $"GET {rule.Get}",
        HttpRule.PatternOneofCase.Post => $"POST {rule.Post}",
        HttpRule.PatternOneofCase.Delete => $"DELETE {rule.Delete}",
        var other => throw new NotSupportedException($"{other}"),
    };

    private static JsonNode SchemaOf(FieldDescriptor field)
    {
        if (field.IsMap)
        {
            return JsonNode.Parse("""{"type":"object","additionalProperties":{"type":"string"}}""")!;
        }

        var one = field.FieldType switch
        {
            FieldType.Message when WellKnown.TryGetValue(field.MessageType.FullName, out var known) => known,
            FieldType.Message => Reference(field.MessageType.FullName),
            FieldType.Enum => Reference(field.EnumType.FullName),
            var type => Types[type],
        };
        return JsonNode.Parse(field.IsRepeated ? $$"""{"type":"array","items":{{one}}}""" : one)!;
    }

    private static string Reference(string name) => $$"""{"$ref":"#/components/schemas/{{name}}"}""";

    private static JsonObject WithoutProse(JsonNode schema)
    {
        var copy = schema.DeepClone().AsObject();
        copy.Remove("description");
        copy.Remove("readOnly");
        return copy;
    }
}
