using System.Text;
using Batching.Engine.Content;

namespace Batching.Engine.Tests.Content;

public sealed class CharSetsTests
{
    // All that .NET has a name for, those that it refuses, and some that nobody knows.
    private static readonly string[] Names =
    [
        .. Encoding.GetEncodings().Select(encoding => encoding.Name),
        .. CodePagesEncodingProvider.Instance.GetEncodings().Select(encoding => encoding.Name),
        "utf-7", "UTF-7", "unicode-1-1-utf-7", "unicode-2-0-utf-7", "x-unicode-1-1-utf-7", "x-unicode-2-0-utf-7", "csUnicode11UTF7",
        "65000", "65001", "1200", "0", "-1", "99999999999", "nothing", "utf-8-sig", "utf-16", "utf-32", "binary", "none", "unknown",
        "iso-8859-8-i", "iso-2022-kr", "hz-gb-2312", "x-user-defined", "x-iscii-de", "x-europa", "\u00fc", "a b", "*", "\"", new('x', 5_000),
    ];

    [Fact]
    public void Decode_AnyNameAndAnyBytes_IsTextOrNull()
    {
        var random = new Random(7);
        byte[][] bodies =
        [
            [], [0x1B], [0x7E, 0x7B], [0xFF, 0xFE], "x"u8.ToArray(), "+AGE-"u8.ToArray(),
            .. Enumerable.Range(0, 300).Select(_ =>
            {
                var bytes = new byte[random.Next(1, 40)];
                random.NextBytes(bytes);
                return bytes;
            }),
        ];
        var wrong = new List<string>();
        foreach (var name in Names)
        {
            foreach (var body in bodies)
            {
                try
                {
                    if (CharSets.Decode(body, name) is { } text && !IsUnicode(text))
                    {
                        wrong.Add($"{name} {Convert.ToHexString(body)}: a lone surrogate");
                        break;
                    }
                }
                catch (Exception exception)
                {
                    wrong.Add($"{name} {Convert.ToHexString(body)}: {exception.GetType()} {exception.Message}");
                    break;
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    private static bool IsUnicode(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]) && !(i + 1 < text.Length && char.IsSurrogatePair(text[i], text[++i])))
            {
                return false;
            }
        }

        return true;
    }
}
