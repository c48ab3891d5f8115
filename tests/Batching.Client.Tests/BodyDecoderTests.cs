using System.IO.Compression;
using Batching.Client.Internal;

namespace Batching.Client.Tests;

public sealed class BodyDecoderTests
{
    private static readonly byte[] Text = [.. Enumerable.Range(0, 5_000).Select(at => (byte)(at % 60))];

    [Theory]
    [InlineData("")]
    [InlineData("identity")]
    [InlineData("gzip")]
    [InlineData("GZIP")]
    [InlineData("br")]
    [InlineData("deflate")]
    [InlineData("gzip, br")]
    public void TryDecode_KnownCodings_GivesTheBody(string codings)
    {
        Assert.True(BodyDecoder.TryDecode(Encode(codings), codings, Text.Length, out var decoded));
        Assert.Equal(Text, decoded.ToArray());
    }

    [Theory]
    [InlineData("zstd")]
    [InlineData("gzip, gzip, gzip, gzip")]
    [InlineData("br")]
    public void TryDecode_WhatItIsNot_GivesItAsItCame(string codings)
    {
        Assert.False(BodyDecoder.TryDecode(Encode("gzip"), codings, int.MaxValue, out var decoded));
        Assert.Equal(Encode("gzip"), decoded.ToArray());
    }

    [Fact]
    public void TryDecode_LargerThanAllowed_GivesItAsItCame() =>
        Assert.False(BodyDecoder.TryDecode(Encode("gzip"), "gzip", Text.Length - 1, out _));

    private static byte[] Encode(string codings)
    {
        var body = Text;
        foreach (var coding in codings.Split(", "))
        {
            var output = new MemoryStream();
            using (Stream stream = coding.ToLowerInvariant() switch
            {
                "gzip" => new GZipStream(output, CompressionMode.Compress, leaveOpen: true),
                "br" => new BrotliStream(output, CompressionMode.Compress, leaveOpen: true),
                "deflate" => new ZLibStream(output, CompressionMode.Compress, leaveOpen: true),
                _ => output,
            })
            {
                stream.Write(body);
            }

            body = output.ToArray();
        }

        return body;
    }
}
