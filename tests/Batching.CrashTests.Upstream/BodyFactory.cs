using System.Globalization;
using System.Text;

namespace Batching.CrashTests.Upstream;

/// <summary>Makes bodies: those of two calls are never the same.</summary>
internal static class BodyFactory
{
    /// <summary>Makes the body of a call.</summary>
    public static (string? ContentType, byte[] Body) Create(AnswerPlan plan, string token, long number)
    {
        switch (plan.Kind)
        {
            case BodyKind.Json:
                // Blanks, escapes, and more digits than a double holds: whoever parses and writes it again is found out.
                var json = string.Create(
                    CultureInfo.InvariantCulture,
                    $$"""{"token": "{{token}}",  "call":{{number}}, "big":12345678901234567890, "é":"\u00e9\/", "fill":""");
                return ("application/json", Encoding.UTF8.GetBytes($"{json}\"{Fill(plan.Size, number)}\"}}"));
            case BodyKind.Text:
                return ("text/plain; charset=utf-8", Encoding.UTF8.GetBytes($"{token} {number} é {Fill(plan.Size, number)}"));
            case BodyKind.Binary:
                var body = new byte[plan.Size + sizeof(long)];
                BytesOf(number).NextBytes(body);
                BitConverter.TryWriteBytes(body, number);
                return ("image/png", body);
            default:
                return (null, []);
        }
    }

    /// <summary>Makes a page of a collection.</summary>
    /// <param name="plan">How many pages there are, and how large they are.</param>
    /// <param name="token">The page.</param>
    /// <param name="number">The call.</param>
    /// <param name="page">The page's number, from 1.</param>
    public static byte[] CreatePage(AnswerPlan plan, string token, long number, int page)
    {
        var cursor = page < plan.Pages ? $"\"p{page + 1}\"" : "null";

        // Who asks for numbered pages looks behind the last one, too.
        var items = page <= plan.Pages ? $"\"{Fill(plan.Size, number)}\"" : "";
        return Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"token":"{{token}}","call":{{number}},"items":[{{items}}],"total":{{plan.Pages}},"cursor":{{cursor}}}"""));
    }

    private static Random BytesOf(long number) => new((int)number);

    private static string Fill(int size, long number) =>
        string.Create(size, BytesOf(number), static (characters, random) =>
            random.GetItems("abcdefghijklmnopqrstuvwxyz0123456789 ", characters));
}
