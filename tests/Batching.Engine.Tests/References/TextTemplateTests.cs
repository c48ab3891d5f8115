using System.Text;
using Batching.Engine.Content;
using Batching.Engine.References;

namespace Batching.Engine.Tests.References;

public sealed class TextTemplateTests
{
    [Theory]
    [InlineData("${a#/x}", "1.50")]
    [InlineData("<${a#/x}|${a#/x}>", "<1.50|1.50>")]
    [InlineData("$${a#/x}", "${a#/x}")]
    [InlineData("$$${a#/x}", "$1.50")]
    [InlineData("$$$${a#/x}", "$${a#/x}")]
    [InlineData("$1 ${a#/x} $", "$1 1.50 $")]
    [InlineData("$${ and $$ and {}", "${ and $$ and {}")]
    public void Fill_Text_HasTheValuesInIt(string text, string expected)
    {
        var template = TextTemplate.Parse(text, out var problem)!;

        Assert.Null(problem);
        Assert.Equal(expected, template.Fill(ValuesOf("1.50"), 100));
    }

    [Theory]
    [InlineData("no reference")]
    [InlineData("$a {b}")]
    [InlineData("$$")]
    public void Parse_NoReference_IsNull(string text)
    {
        Assert.Null(TextTemplate.Parse(text, out var problem));
        Assert.Null(problem);
    }

    [Theory]
    [InlineData("${a#/x", "has ${ without the } that ends it; $${ stands for the text ${")]
    [InlineData("${HOME}", "has the reference 'HOME', which must be key#/json/pointer, key.status or key.headers.name; $${ stands for the text ${")]
    public void Parse_Wrong_HasAProblem(string text, string expected)
    {
        Assert.Null(TextTemplate.Parse(text, out var problem));
        Assert.Equal(expected, problem);
    }

    [Theory]
    [InlineData("\"\"", true, "")]
    [InlineData("\"\"", false, null)]
    [InlineData("true", true, "true")]
    [InlineData("-1.0e+99999", true, "-1.0e+99999")]
    [InlineData("90071992547409931234", true, "90071992547409931234")]
    [InlineData("\"\\u00fc\\n\\ud83d\\ude00\"", true, "ü\n😀")]
    [InlineData("\"\\ud83d\"", true, null)]
    [InlineData("null", true, null)]
    [InlineData("[1]", true, null)]
    [InlineData("{\"a\":[{}]}", true, null)]
    public void ReadText_Value_IsATextOrAProblem(string json, bool mayBeEmpty, string? expected)
    {
        var values = ValuesOf(json);

        var text = values.ReadText(Reference.Parse("a#/x", out _)!, mayBeEmpty);

        Assert.Equal(expected ?? "", text);
        Assert.Equal(expected is null, values.Problem is not null);
    }

    [Fact]
    public void Fill_TooLong_IsAProblem()
    {
        var values = ValuesOf(JsonParams.Encode(new string('x', 51)));

        TextTemplate.Parse("${a#/x}${a#/x}", out _)!.Fill(values, 100);

        Assert.Equal("With the values of its references it is longer than 100 characters.", values.Problem);
    }

    private static ReferenceFill ValuesOf(string json) => new(_ => Encoding.UTF8.GetBytes(json));
}
