using System.Text;
using Batching.Engine.References;

namespace Batching.Engine.Tests.References;

public sealed class JsonTemplateTests
{
    [Theory]
    [InlineData("""{"a" : {"$ref": "k#/v"} , "b":1.0}""", """{"a" : 1.50 , "b":1.0}""", "1.50")]
    [InlineData(""" {"$ref":"k#"} """, """ {"x": [1 ,2]} """, """{"x": [1 ,2]}""")]
    [InlineData("""[{"$ref":"k#/v"},{"$ref":"k#/v"}]""", """[null,null]""", "null")]
    [InlineData("""{"a":"<${k#/v}>","b":"\u0024{k#/v}"}""", """{"a":"<a\"b\\c>","b":"a\"b\\c"}""", "\"a\\u0022b\\\\c\"")]
    [InlineData("""{"a":"$${k#/v}","b":"${k#/v}"}""", """{"a":"${k#/v}","b":"7"}""", "7")]
    [InlineData("""{"$$ref":"x","b":{"$$$ref":1},"c":"${k#/v}"}""", """{"$ref":"x","b":{"$$ref":1},"c":"7"}""", "7")]
    [InlineData("""{"${k#/v}":1,"b":"${k#/v}"}""", """{"${k#/v}":1,"b":"7"}""", "7")]
    [InlineData("""{"a":"\ud83d ${k#/v}","b":"${k#/v}"}""", """{"a":"\ud83d ${k#/v}","b":"7"}""", "7")]
    [InlineData("\"${k#/v}\"", "\"</script>\"", "\"\\u003c/script>\"")]
    public void Fill_Json_ChangesTheReferencesOnly(string json, string expected, string value)
    {
        var template = JsonTemplate.Parse(Encoding.UTF8.GetBytes(json), isParams: false, out var problem)!;
        var values = new ReferenceFill(_ => Encoding.UTF8.GetBytes(value));

        Assert.Null(problem);
        Assert.Equal(expected, Encoding.UTF8.GetString(template.Fill(values, 1000)));
        Assert.Null(values.Problem);
    }

    [Theory]
    [InlineData("""{"a": 1}""")]
    [InlineData("${k#/v}")]
    [InlineData("""{"a":"${k#/v}"} tail""")]
    [InlineData("""{"a":"$"}""")]
    [InlineData("")]
    public void Parse_NothingToFillOrNoJson_IsNull(string json)
    {
        Assert.Null(JsonTemplate.Parse(Encoding.UTF8.GetBytes(json), isParams: false, out var problem));
        Assert.Null(problem);
    }

    [Theory]
    [InlineData("""{"a":"${x"}""", false, "has ${ without the } that ends it; $${ stands for the text ${")]
    [InlineData("""{"$ref":"x"}""", false, "has the reference 'x', which must be key#/json/pointer, key.status or key.headers.name; a member $$ref is sent as $ref")]
    [InlineData("""{"$ref":"#/components/schemas/A"}""", false, "has the reference '#/components/schemas/A', which names no key; a member $$ref is sent as $ref")]
    [InlineData("""{"a":1,"$ref":"x#"}""", false, "has a member $ref beside others; a member $$ref is sent as $ref")]
    [InlineData("""{"$ref":{"type":"string"}}""", false, "has a member $ref that is not a string; a member $$ref is sent as $ref")]
    [InlineData("""{"$ref":"x#"}""", true, "can't be a reference as a whole: each of them can; a member $$ref is sent as $ref")]
    public void Parse_Wrong_HasAProblem(string json, bool isParams, string expected)
    {
        Assert.Null(JsonTemplate.Parse(Encoding.UTF8.GetBytes(json), isParams, out var problem));
        Assert.Equal(expected, problem);
    }

    [Fact]
    public void Fill_TooLarge_IsAProblemBeforeItIsMade()
    {
        var json = $"[{string.Join(',', Enumerable.Repeat("""{"$ref":"k#"}""", 100))}]";
        var template = JsonTemplate.Parse(Encoding.UTF8.GetBytes(json), isParams: false, out _)!;
        var reads = 0;
        var values = new ReferenceFill(_ =>
        {
            reads++;
            return new byte[1000];
        });

        template.Fill(values, 5000);

        Assert.Equal("With the values of its references it is longer than 5000 bytes.", values.Problem);
        Assert.True(reads < 10, $"{reads} values were copied.");
    }
}
