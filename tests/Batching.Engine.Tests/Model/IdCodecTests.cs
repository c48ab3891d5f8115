using Batching.Engine.Model;
using FsCheck;
using FsCheck.Xunit;

namespace Batching.Engine.Tests.Model;

public sealed class IdCodecTests
{
    private const long Count = (1L << 53) - 1_000_000_000_000_000;

    private readonly IdCodec _codec = new([.. Enumerable.Range(1, IdCodec.SecretLength).Select(i => (byte)(i * 7))]);

    // That they come back says, too, that no two keys have the same id.
    [Property(MaxTest = 40_000)]
    public void ToText_AnyKeyOfAnySecret_Has16DigitsBelow2To53AndComesBack(
        DoNotSize<long> number, bool isSmall, Guid secret, Guid moreOfIt)
    {
        var codec = new IdCodec([.. secret.ToByteArray(), .. moreOfIt.ToByteArray()]);
        AssertComesBack(codec, (number.Item & long.MaxValue) % (isSmall ? 20_000 : Count));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(Count - 1)]
    public void ToText_FirstAndLastKey_Has16DigitsBelow2To53AndComesBack(long key) => AssertComesBack(_codec, key);

    [Fact]
    public void ToId_ConsecutiveKeys_TellNothingOfTheirOrder()
    {
        var ids = Enumerable.Range(0, 1000).Select(i => _codec.ToId(i)).ToArray();
        var rises = ids.Zip(ids.Skip(1)).Count(pair => pair.Second > pair.First);
        Assert.InRange(rises, 400, 600);
    }

    [Fact]
    public void ToId_AnotherSecret_GivesOtherIds()
    {
        var other = new IdCodec(new byte[IdCodec.SecretLength]);
        Assert.DoesNotContain(Enumerable.Range(0, 1000), i => other.ToId(i) == _codec.ToId(i));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(Count)]
    [InlineData(long.MaxValue)]
    public void ToId_KeyOutOfRange_Throws(long key) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => _codec.ToId(key));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("0000000000000000")]
    [InlineData("0999999999999999")]
    [InlineData("9007199254740992")]
    [InlineData("9999999999999999")]
    [InlineData("12345678901234567")]
    [InlineData("-123456789012345")]
    [InlineData("+123456789012345")]
    [InlineData(" 123456789012345")]
    [InlineData("123456789012345 ")]
    [InlineData("123456789012345\0")]
    [InlineData("1234567890123.45")]
    [InlineData("1,23456789012345")]
    [InlineData("12345678901234e1")]
    [InlineData("0x12345678901234")]
    [InlineData("١٢٣٤٥٦٧٨٩٠١٢٣٤٥٦")]
    [InlineData("abcdefghijklmnop")]
    public void TryParse_Garbage_ReturnsFalse(string? text) => Assert.False(_codec.TryParse(text, out _));

    private static void AssertComesBack(IdCodec codec, long key)
    {
        var text = codec.ToText(key);
        Assert.Equal(16, text.Length);
        Assert.All(text, c => Assert.InRange(c, '0', '9'));
        Assert.InRange(long.Parse(text, provider: null), 1_000_000_000_000_000, (1L << 53) - 1);
        Assert.True(codec.TryParse(text, out var back));
        Assert.Equal(key, back);
    }
}
