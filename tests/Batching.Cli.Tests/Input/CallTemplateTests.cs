using Batching.Cli.Input;

namespace Batching.Cli.Tests.Input;

public sealed class CallTemplateTests
{
    private static readonly string[] Columns = ["id", "full name", "tags"];

    [Fact]
    public void Fill_Row_PutsValuesWhereTheyBelong()
    {
        var template = new CallTemplate("""
            {"path": "people/{id}?q={full name}", "method": "PUT",
             "body": {"name": "{full name}!", "tags": "{tags:json}", "n": 1.50, "braces": "{{id}}", "list": ["{id}"]}}
            """);

        var call = template.Fill(Columns, ["a/b", "O'Hara \"x\" & ü", """{"k": 1.0}"""]);

        Assert.Equal("people/a%2Fb?q=O%27Hara%20%22x%22%20%26%20%C3%BC", call.Path);
        Assert.Equal(
            """{"name":"O'Hara \"x\" & ü!","tags":{"k": 1.0},"n":1.50,"braces":"{id}","list":["a/b"]}""", call.Body.ToStringUtf8());
    }

    [Fact]
    public void Fill_EmptyJson_IsNull() => Assert.Equal(
        """{"t":null}""",
        new CallTemplate("""{"path": "x", "body": {"t": "{tags:json}"}}""").Fill(Columns, ["1", "2", ""]).Body.ToStringUtf8());

    [Theory]
    [InlineData("""{"path": "x", "body": {"t": "{tags:json}"}}""", "{")]
    [InlineData("""{"path": "x{tags:json}"}""", "1")]
    public void Fill_BadJson_IsRefused(string template, string value) =>
        Assert.Throws<FormatException>(() => new CallTemplate(template).Fill(Columns, ["1", "2", value]));

    [Theory]
    [InlineData("[]")]
    [InlineData("{")]
    public void New_NoObject_IsRefused(string template) => Assert.Throws<FormatException>(() => new CallTemplate(template));

    [Fact]
    public void FindUnknown_ColumnThatIsNotThere_NamesIt()
    {
        Assert.Equal("ID", new CallTemplate("""{"path": "x/{ID}"}""").FindUnknown(Columns));
        Assert.Null(new CallTemplate("""{"path": "x/{id}", "headers": {"x": "{full name}"}}""").FindUnknown(Columns));
    }
}
