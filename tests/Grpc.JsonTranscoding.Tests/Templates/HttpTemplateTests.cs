using Grpc.AspNetCore.JsonTranscoding.Internal.Templates;

namespace Grpc.JsonTranscoding.Tests.Templates;

public sealed class HttpTemplateTests
{
    [Theory]
    [InlineData("/", "", "")]
    [InlineData("/v1", "/V1", "")]
    [InlineData("/v1/*", "/V1/*", "")]
    [InlineData("/v1/**", "/V1/**", "")]
    [InlineData("/v1:verb", "/V1:VERB", "")]
    [InlineData("/v1/*:verb", "/V1/*:VERB", "")]
    [InlineData("/{a}", "/*", "a 0-1")]
    [InlineData("/{a=*}", "/*", "a 0-1")]
    [InlineData("/{a=**}", "/**", "a 0-1 rest")]
    [InlineData("/v1/{a.b_c.d1}/x", "/V1/*/X", "a.b_c.d1 1-2")]
    [InlineData("/v1/{name=shelves/*/books/*}:read", "/V1/SHELVES/*/BOOKS/*:READ", "name 1-5")]
    [InlineData("/v1/{name=a/**}:read", "/V1/A/**:READ", "name 1-3 rest")]
    [InlineData("/{a}/{b=x/*}/{c}", "/*/X/*/*", "a 0-1,b 1-3,c 3-4")]
    [InlineData("/a%20b", "/A%20B", "")]
    [InlineData("/v1.0/a-b_c~d", "/V1.0/A-B_C~D", "")]
    public void Parse_Template_GivesSegmentsAndVariables(string text, string shape, string variables)
    {
        var template = HttpTemplate.Parse(text);

        Assert.Equal(shape, template.Shape);
        Assert.Equal(variables, string.Join(
            ',', template.Variables.Select(v => $"{v.FieldPath} {v.Start}-{v.End}{(v.TakesRest ? " rest" : "")}")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("v1")]
    [InlineData("//")]
    [InlineData("/v1/")]
    [InlineData("/v1//x")]
    [InlineData("/v1?x=1")]
    [InlineData("/v1#x")]
    [InlineData("/{}")]
    [InlineData("/{a")]
    [InlineData("/{a=}")]
    [InlineData("/{1a}")]
    [InlineData("/{a.}")]
    [InlineData("/{.a}")]
    [InlineData("/{a={b}}")]
    [InlineData("/{a}/{a}")]
    [InlineData("/a}")]
    [InlineData("/**/a")]
    [InlineData("/{a=**}/b")]
    [InlineData("/{a=**/b}")]
    [InlineData("/a*")]
    [InlineData("/***")]
    [InlineData("/v1:")]
    [InlineData("/v1:a:b")]
    [InlineData("/v1:a/b")]
    [InlineData("/v1:*")]
    public void Parse_BadTemplate_Throws(string text) =>
        Assert.Contains($"'{text}'", Assert.Throws<FormatException>(() => HttpTemplate.Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("/v1/{a}", "/v1/x", true)]
    [InlineData("/v1/{a}", "/V1/x/", true)]
    [InlineData("/v1/{a}", "/v1", false)]
    [InlineData("/v1/{a}", "/v1/x/y", false)]
    [InlineData("/v1/**", "/v1", true)]
    [InlineData("/v1/**", "/v1/x/y", true)]
    [InlineData("/v1/{a}:do", "/v1/x:do", true)]
    [InlineData("/v1/{a}:do", "/v1/:do", false)]
    [InlineData("/v1/{a}:do", "/v1/x", false)]
    [InlineData("/", "/", true)]
    [InlineData("/", "/x", false)]
    public void Matches_Path_AsRoutingWould(string template, string path, bool expected) =>
        Assert.Equal(expected, HttpTemplate.Parse(template).Matches(path));
}
