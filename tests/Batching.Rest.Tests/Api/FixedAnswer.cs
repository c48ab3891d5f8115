using System.Text;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.Tests.Api;

/// <summary>Answers that are always the same, one for each kind of body that replies show differently.</summary>
internal static class FixedAnswer
{
    private const string Json = "application/json";

    // "compressed" in gzip, as bytes: a compressor of another version might write others.
    private static readonly byte[] Gzip =
        Convert.FromBase64String("H4sIAAAAAAAAA0vOzy0oSi0uTk0BAB5LVpcKAAAA");

    private static readonly Dictionary<string, (string? ContentType, byte[] Body)> Answers = new(StringComparer.Ordinal)
    {
        ["/json/object"] = (Json, Bytes("""{"a":1,"b":[true,null,"x"]}""")),
        ["/json/array"] = (Json, Bytes("""[1,2,{"c":3}]""")),
        ["/json/number"] = (Json, Bytes("42")),
        ["/json/string"] = (Json, Bytes("\"text\"")),
        ["/json/null"] = (Json, Bytes("null")),
        ["/json/blank"] = (Json, Bytes(" {\"a\" : 1} ")),
        ["/json/invalid"] = (Json, Bytes("{\"a\":")),
        ["/json/twice"] = (Json, Bytes("""{"a":1,"a":2}""")),
        ["/json/charset"] = ("application/json; charset=utf-8", Bytes("{\"a\":\"é\"}")),
        ["/json/latin1"] = ("application/json; charset=iso-8859-1", Encoding.Latin1.GetBytes("{\"a\":\"é\"}")),
        ["/json/problem"] = ("application/problem+json", Bytes("""{"title":"No","status":400}""")),
        ["/json/text"] = ("text/json", Bytes("""{"a":1}""")),
        ["/json/lines"] = (Json, Bytes("{\r\n  \"a\": 1,\n  \"b\": \"x\\ny\"\n}\n")),
        ["/json/numbers"] = (Json, Bytes("""[12345678901234567890.10,1e400,-0,0.1E+2,100000000000000000000000001]""")),
        ["/json/escapes"] = (Json, Bytes("""{"\u0061":"\u00e9\ud83d\ude00\/<>&'+\u2028","é":"😀"}""")),
        ["/json/deep"] = (Json, Bytes(new string('[', 200) + new string(']', 200))),
        ["/json/deeper"] = (Json, Bytes(new string('[', 600) + new string(']', 600))),
        ["/json/data"] = (Json, Bytes("""{"data":{"a":1},"meta":{"b":2},"headers":{"c":3}}""")),
        ["/json/headers"] = (Json, Bytes("""{"headers":{"c":3},"value":1}""")),
        ["/json/mark"] = (Json, [0xEF, 0xBB, 0xBF, .. Bytes("{\"a\":1}")]),
        ["/json/large"] = (Json, Bytes($"[\"{new string('x', 70_000)}\"]")),
        ["/text/plain"] = ("text/plain", Bytes("plain text")),
        ["/text/utf8"] = ("text/plain; charset=utf-8", Bytes("é 😀 \" \\ \t \u0001 <&>")),
        ["/text/latin1"] = ("text/plain; charset=iso-8859-1", Encoding.Latin1.GetBytes("é ü")),
        ["/text/windows"] = ("text/plain; charset=windows-1252", [0x80, 0x20, 0xE9]),
        ["/text/wrong"] = ("text/plain; charset=utf-8", [0x61, 0xFF, 0x62]),
        ["/text/bogus"] = ("text/plain; charset=bogus", Bytes("text")),
        ["/text/html"] = ("text/html", Bytes("<p>a</p>\n<p>b</p>\n")),
        ["/text/xml"] = ("application/atom+xml", Bytes("<feed/>")),
        ["/text/none"] = (null, Bytes("no type")),
        ["/empty"] = (Json, []),
        ["/binary"] = ("image/png", [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0x00, 0xFF]),
        ["/binary/none"] = (null, [0x00, 0xFF, 0xFE]),
        ["/gzip"] = ("text/plain", Gzip),
        ["/fields"] = (Json, Bytes("{}")),
    };

    /// <summary>Answers what belongs to a path; 404 if nothing does.</summary>
    public static async Task WriteAsync(HttpContext context, string path)
    {
        var response = context.Response;
        if (!Answers.TryGetValue(path, out var answer))
        {
            response.StatusCode = StatusCodes.Status404NotFound;
            answer = (Json, Bytes("""{"error":"nothing here"}"""));
        }

        if (path == "/gzip")
        {
            response.Headers.ContentEncoding = "gzip";
        }
        else if (path == "/fields")
        {
            response.Headers.ETag = "\"1\"";
            response.Headers["X-Many"] = new(["one", "two"]);
            response.Headers["X-Latin"] = "a\"b\\c<d>";
            response.Headers.SetCookie = "secret=1";
            response.Headers["Keep-Alive"] = "timeout=5";
        }

        response.ContentType = answer.ContentType;
        response.ContentLength = answer.Body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(answer.Body);
        }
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
