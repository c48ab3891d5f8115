using Batching.Engine.Identifiers;

namespace Batching.Engine.Tests.Identifiers;

public sealed class IdCodecTests
{
    private const long Count = (1L << 53) - 1_000_000_000_000_000;

    private readonly IdCodec _codec = new([.. Enumerable.Range(1, IdCodec.SecretLength).Select(i => (byte)(i * 7))]);

    [Fact]
    public void ToText_Samples_Have16DigitsBelow2To53AndComeBack()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var keys = Enumerable.Range(0, 20_000).Select(i => (long)i)
            .Concat(Enumerable.Range(0, 20_000).Select(_ => random.NextInt64(Count)))
            .Concat([Count - 1])
            .Distinct()
            .ToList();
        var texts = new HashSet<string>();
        foreach (var key in keys)
        {
            var text = _codec.ToText(key);
            Assert.True(texts.Add(text), $"Two keys have the id {text}; seed {seed}.");
            Assert.Equal(16, text.Length);
            Assert.All(text, c => Assert.InRange(c, '0', '9'));
            Assert.InRange(long.Parse(text, provider: null), 1_000_000_000_000_000, (1L << 53) - 1);
            Assert.True(_codec.TryParse(text, out var back) && back == key, $"{text} is not {key}; seed {seed}.");
        }
    }

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
}
