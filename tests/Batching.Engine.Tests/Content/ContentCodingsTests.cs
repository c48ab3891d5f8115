using System.IO.Compression;
using System.Text;
using Batching.Engine.Content;

namespace Batching.Engine.Tests.Content;

public sealed class ContentCodingsTests
{
    private static readonly byte[] Body = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":1}\n", 5_000)));

    [Theory]
    [InlineData("gzip", "gzip")]
    [InlineData("x-gzip", "gzip")]
    [InlineData("GZIP", "gzip")]
    [InlineData("br", "br")]
    [InlineData("deflate", "zlib")]
    [InlineData("deflate", "deflate")]
    [InlineData("gzip, br", "gzip br")]
    [InlineData("identity, gzip,", "gzip")]
    public void TryDecode_KnownCodings_GiveTheBody(string codings, string made)
    {
        Assert.True(ContentCodings.TryDecode(Encode(Body, made), codings, Body.Length, out var decoded));
        Assert.True(decoded.Span.SequenceEqual(Body));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public void TryDecode_LargerThanAllowed_IsLeft(string coding) => Assert.False(
        ContentCodings.TryDecode(Encode(Body, coding), coding, Body.Length - 1, out _));

    [Theory]
    [InlineData("gzip", "gzip")]
    [InlineData("br", "br")]
    [InlineData("deflate", "zlib")]
    [InlineData("deflate", "deflate")]
    public void TryDecode_CutOff_IsLeft(string coding, string made)
    {
        var encoded = Encode(Body, made);
        for (var length = 1; length < encoded.Length; length++)
        {
            Assert.False(ContentCodings.TryDecode(encoded.AsMemory(0, length), coding, Body.Length, out _), $"{length} bytes");
        }
    }

    [Theory]
    [InlineData("zstd")]
    [InlineData("gzip, zstd")]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("gzip, gzip, gzip, gzip")]
    public void TryDecode_UnknownOrNotWhatItSays_IsLeft(string codings) =>
        Assert.False(ContentCodings.TryDecode(Body, codings, int.MaxValue, out _));

    // RFC 1950, section 2.2: .NET says so by an exception of its own.
    [Fact]
    public void TryDecode_NeedsADictionary_IsLeft() => Assert.False(
        ContentCodings.TryDecode(new byte[] { 0x78, 0xBB, 0, 0, 0, 1, 3, 0 }, "deflate", int.MaxValue, out _));

    private static byte[] Encode(byte[] body, string codings)
    {
        foreach (var coding in codings.Split(' '))
        {
            using var output = new MemoryStream();
            using (Stream stream = coding switch
            {
                "gzip" => new GZipStream(output, CompressionLevel.Optimal),
                "br" => new BrotliStream(output, CompressionLevel.Optimal),
                "zlib" => new ZLibStream(output, CompressionLevel.Optimal),
                _ => new DeflateStream(output, CompressionLevel.Optimal),
            })
            {
                stream.Write(body);
            }

            body = output.ToArray();
        }

        return body;
    }
}
