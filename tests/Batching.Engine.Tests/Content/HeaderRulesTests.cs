using Batching.Engine.Content;

namespace Batching.Engine.Tests.Content;

public sealed class HeaderRulesTests
{
    [Theory]
    [InlineData("Accept", "application/json")]
    [InlineData("Content-Type", "text/plain; charset=utf-8")]
    [InlineData("Content-Encoding", "gzip")]
    [InlineData("If-None-Match", "\"abc\"")]
    [InlineData("Idempotency-Key", "7")]
    [InlineData("X-Anything_goes.here", "a, b;c=\"d\"\tend")]
    [InlineData("X-Name", "José 你好")]
    [InlineData("X-Empty", "")]
    [InlineData("!#$%&'*+-.^_`|~0aZ", "token")]
    public void FindProblem_EndToEndField_IsNull(string name, string value) =>
        Assert.Null(HeaderRules.FindProblem(name, value));

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("X Y")]
    [InlineData("X:")]
    [InlineData("X\r\nY")]
    [InlineData("X\0")]
    [InlineData("Größe")]
    [InlineData("(x)")]
    public void FindProblem_NoFieldName_SaysSo(string name) =>
        Assert.Equal("is not the name of a header field", HeaderRules.FindProblem(name, "x"));

    [Theory]
    [InlineData("Authorization")]
    [InlineData("authorization")]
    [InlineData("Connection")]
    [InlineData("CONTENT-LENGTH")]
    [InlineData("Expect")]
    [InlineData("Forwarded")]
    [InlineData("host")]
    [InlineData("HTTP2-Settings")]
    [InlineData("Keep-Alive")]
    [InlineData("TE")]
    [InlineData("Trailer")]
    [InlineData("transfer-encoding")]
    [InlineData("Upgrade")]
    [InlineData("Via")]
    [InlineData("X-Real-IP")]
    [InlineData("Proxy-Authorization")]
    [InlineData("proxy-connection")]
    [InlineData("X-Forwarded-For")]
    [InlineData("x-forwarded-anything")]
    [InlineData("X-Forwarded")]
    [InlineData("X_Forwarded_For")]
    [InlineData("transfer_encoding")]
    [InlineData("True-Client-IP")]
    public void FindProblem_FieldOfTheConnectionOrTheGateway_SaysSo(string name) =>
        Assert.Contains("can't be set", HeaderRules.FindProblem(name, "x"), StringComparison.Ordinal);

    [Theory]
    [InlineData("X-User")]
    [InlineData("x-user")]
    [InlineData("X_User")]
    [InlineData("Authorization")]
    public void FindProblem_FieldOfTheCredential_SaysSo(string name)
    {
        Assert.Contains("can't be set", HeaderRules.FindProblem(name, "x", "X-User"), StringComparison.Ordinal);
        Assert.Null(HeaderRules.FindProblem("X-User-Agent", "x", "X-User"));
    }

    [Theory]
    [InlineData("a\r\nX-Evil: 1")]
    [InlineData("a\n")]
    [InlineData("\r")]
    [InlineData("a\0b")]
    public void FindProblem_ValueThatCouldEndTheField_SaysSo(string value) =>
        Assert.Equal(HeaderRules.ControlCharacters, HeaderRules.FindProblem("X-Good", value));

    [Fact]
    public void FindProblem_AnyOtherControlCharacter_SaysSo()
    {
        foreach (var c in Enumerable.Range(0, 0xA0).Select(code => (char)code).Where(c => char.IsControl(c) && c != '\t'))
        {
            Assert.Equal(HeaderRules.ControlCharacters, HeaderRules.FindProblem("X-Good", $"a{c}b"));
        }

        Assert.Null(HeaderRules.FindProblem("X-Good", "a\tb \u00A0 ~"));
    }

    [Theory]
    [InlineData("X-Tenant")]
    [InlineData("x-tenant")]
    [InlineData("X_Tenant")]
    public void FindProblem_DeniedField_SaysSo(string name)
    {
        Assert.Contains(
            "does not let it through",
            HeaderRules.FindProblem(name, "x", denied: HeaderRules.ToDenied(["X_tenant", "Cookie"])),
            StringComparison.Ordinal);
        Assert.Null(HeaderRules.FindProblem(name, "x"));
    }
}
