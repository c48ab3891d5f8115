using Grpc.Core;

namespace Grpc.Tests.Api;

public sealed class MetadataTests
{
    [Theory]
    [InlineData("x-key")]
    [InlineData("X-KEY")]
    [InlineData("x_1.2-3")]
    public void Add_ValidKey_LowerCase(string key) =>
        Assert.Equal(key.ToLowerInvariant(), Assert.Single(new Metadata { { key, "v" } }).Key);

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData(":path")]
    [InlineData("ü")]
    [InlineData("a\n")]
    public void Add_InvalidKey_Refused(string key) => Assert.Throws<ArgumentException>(() => new Metadata { { key, "v" } });

    [Fact]
    public void Add_KindAndSuffixDisagree_Refused()
    {
        Assert.Throws<ArgumentException>(() => new Metadata { { "a-bin", "text" } });
        Assert.Throws<ArgumentException>(() => new Metadata { { "a", new byte[1] } });
    }

    [Fact]
    public void Get_SeveralValues_LastAndAll()
    {
        var metadata = new Metadata { { "a", "1" }, { "b", "2" }, { "A", "3" } };

        Assert.Equal("3", metadata.GetValue("a"));
        Assert.Equal(["1", "3"], metadata.GetAll("a").Select(static entry => entry.Value));
        Assert.Null(metadata.GetValue("c"));
    }

    [Fact]
    public void Value_OfBinaryEntry_Refused()
    {
        byte[] bytes = [1];
        var entry = new Metadata.Entry("a-bin", bytes);
        bytes[0] = 2;

        Assert.Equal([1], entry.ValueBytes);
        Assert.Throws<InvalidOperationException>(() => entry.Value);
    }

    [Fact]
    public void Empty_Shared_ReadOnly() => Assert.Throws<InvalidOperationException>(() => Metadata.Empty.Add("a", "1"));
}
