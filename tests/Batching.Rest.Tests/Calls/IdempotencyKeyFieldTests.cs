using Batching.Rest.Calls;

namespace Batching.Rest.Tests.Calls;

public sealed class IdempotencyKeyFieldTests
{
    [Theory]
    [InlineData("\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "8e03978e-40d5-43dd-bc93-6894a57f9324")]
    [InlineData("8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324")]
    [InlineData("  \"a b\"\t", "a b")]
    [InlineData("\"a\\\"b\\\\\"", "a\"b\\")]
    [InlineData("\"\"", "")]
    [InlineData("a:b/c+d=='*~", "a:b/c+d=='*~")]
    public void TryRead_StringOrToken_ReadsTheKey(string value, string key)
    {
        Assert.True(IdempotencyKeyField.TryRead(value, out var read));
        Assert.Equal(key, read);
    }

    [Theory]
    [InlineData("\"a")]
    [InlineData("\"a\"b")]
    [InlineData("\"a\";p=1")]
    [InlineData("\"a\", \"b\"")]
    [InlineData("\"a\\n\"")]
    [InlineData("\"a\\")]
    [InlineData("\"\u00fc\"")]
    [InlineData("\"a\tb\"")]
    [InlineData("a b")]
    [InlineData("a,b")]
    [InlineData("a;b")]
    [InlineData("a\"b")]
    [InlineData("\u00fc")]
    public void TryRead_AnythingElse_IsRefused(string value) => Assert.False(IdempotencyKeyField.TryRead(value, out _));

    [Fact]
    public void TryRead_GivenTwice_IsRefused() => Assert.False(IdempotencyKeyField.TryRead(new(["a", "a"]), out _));
}
