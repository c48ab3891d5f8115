using System.Text;

namespace Batching.Security.Tests.Fuzzing;

/// <summary>Damages bytes.</summary>
internal static class Mutator
{
    // What parsers stumble over.
    private static readonly byte[][] Tokens =
    [
        .. new[]
        {
            "{", "}", "[", "]", "\"", ":", ",", "null", "true", "-0", "1e999", "1E-400", "9007199254740993", "18446744073709551616", "-", "\\", "\\u0000",
            "\\ud800", "\\udc00\\ud800", "[[[[[[[[[[[[[[[[", "{\"a\":{\"a\":{\"a\":{\"a\":", "//", "/../", "%2e%2e", "%00", "%", "%zz", "?", "&", "=",
            "get[", "][", "][url]", "][params][", "\"requests\":", "\"path\":", "\"url\":", "\"method\":\"POST\",", "\"spawner\":true,", "\"headers\":{",
            "\"params\":", "\"pagination\":{\"style\":\"page\"},", "http://elsewhere.test/", "\r\n", "\0", "\u00ff", "\u2028", "\ufeff", "../api/v0/batch",
            "request_ids=", "after=", "-1", "99999999999999999999", "true", "2147483648",
        }.Select(Encoding.UTF8.GetBytes),
        [0xC0, 0xAE], [0xED, 0xA0, 0x80], [0xFF], [0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
        [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x07], [0x0B], [0x0C], [0x00], [0x1A, 0x00],
    ];

    /// <summary>A copy with up to six damages; some are left whole.</summary>
    public static byte[] Mutate(ReadOnlySpan<byte> source, Random random)
    {
        var bytes = new List<byte>(source.Length + 64);
        bytes.AddRange(source);
        for (var left = random.Next(7); left > 0; left--)
        {
            var at = random.Next(bytes.Count + 1);
            var length = Math.Min(bytes.Count - at, random.Next(1, 12));
            switch (random.Next(7))
            {
                case 0 when at < bytes.Count:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1 when at < bytes.Count:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    bytes.RemoveRange(at, length);
                    break;
                case 3:
                    bytes.InsertRange(random.Next(bytes.Count + 1), bytes.GetRange(at, length));
                    break;
                case 4 when random.Next(4) == 0:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 5 when random.Next(8) == 0:
                    bytes.InsertRange(at, Enumerable.Repeat(Tokens[random.Next(Tokens.Length)], random.Next(1, 400)).SelectMany(token => token));
                    break;
                default:
                    bytes.InsertRange(at, Tokens[random.Next(Tokens.Length)]);
                    break;
            }
        }

        return [.. bytes];
    }
}
