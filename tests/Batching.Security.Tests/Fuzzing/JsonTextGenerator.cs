using System.Globalization;
using System.Text;

namespace Batching.Security.Tests.Fuzzing;

/// <summary>Writes random JSON as RFC 8259 allows it, with everything that readers like to change.</summary>
internal sealed class JsonTextGenerator(Random random)
{
    private const int MaxDepth = 5;

    private static readonly string[] Blanks = ["", "", "", "", " ", "  ", "\n", "\r\n", "\t"];

    private static readonly string[] Escapes =
        ["\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t", "\\u0000", "\\u00fc", "\\u00FC", "\\ud83d\\ude00", "\\u2028"];

    private static readonly string[] Signs = ["", "+", "-"];

    private static readonly string[] HalfPairs = ["\\ud83d", "\\uDE00", "\\uD83D\\n", "\\udc00\\ud83d"];

    private static readonly string[] Characters =
        ["a", "Z", "7", " ", "/", "&", "=", "+", "%", "<", "'", "\u00fc", "\u20ac", "\U0001F600", "\u2028", "\uFEFF", "\u007F", "\uFFFD"];

    /// <summary>Whatever the value, with blanks around it.</summary>
    public string Document() => Blank() + Value(0, halves: true) + Blank();

    /// <summary>The members of an object, each as its name and value, with the blanks around both.</summary>
    public IEnumerable<(string Name, string Value)> Members(int maxCount)
    {
        for (var count = random.Next(maxCount + 1); count > 0; count--)
        {
            yield return (Text(halves: true), Value(1, halves: true));
        }
    }

    /// <summary>A params object: its text, and the query that it is.</summary>
    public (string Json, string Query) Params()
    {
        var json = new StringBuilder("{").Append(Blank());
        var sent = new OrderedDictionary<string, List<string>>(StringComparer.Ordinal);
        var count = random.Next(6);
        for (var i = 0; i < count; i++)
        {
            var name = Text(halves: false);
            var values = new List<string>();
            string value;
            if (random.Next(4) == 0)
            {
                var items = Enumerable.Range(0, random.Next(4)).Select(_ => Sent(values)).ToList();
                value = $"[{Blank()}{string.Join($"{Blank()},{Blank()}", items)}{Blank()}]";
            }
            else
            {
                value = Sent(values);
            }

            json.Append(i > 0 ? "," : "").Append(Blank()).Append(name).Append(Blank()).Append(':').Append(Blank()).Append(value)
                .Append(Blank());
            sent[Read(name)] = values;
        }

        return (
            json.Append('}').ToString(),
            string.Join('&', sent.SelectMany(param => param.Value.Select(
                value => $"{Uri.EscapeDataString(param.Key)}={Uri.EscapeDataString(value)}"))));
    }

    /// <summary>A string that every reader can read.</summary>
    public string Text() => Text(halves: false);

    public string Blank() => Blanks[random.Next(Blanks.Length)];

    /// <summary>The text of a string without half pairs, read without any reader of JSON.</summary>
    public static string Read(string json)
    {
        var text = new StringBuilder();
        for (var i = 1; i < json.Length - 1; i++)
        {
            if (json[i] != '\\')
            {
                text.Append(json[i]);
                continue;
            }

            i++;
            if (json[i] == 'u')
            {
                text.Append((char)int.Parse(json.AsSpan(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                i += 4;
            }
            else
            {
                text.Append("\"\\/\b\f\n\r\t"["\"\\/bfnrt".IndexOf(json[i], StringComparison.Ordinal)]);
            }
        }

        return text.ToString();
    }

    // A value of a param or of a list in it, and what is sent of it.
    private string Sent(List<string> values)
    {
        switch (random.Next(6))
        {
            case 0:
                return "null";
            case 1:
                var word = random.Next(2) == 0 ? "true" : "false";
                values.Add(word);
                return word;
            case 2:
                var text = Text(halves: false);
                values.Add(Read(text));
                return text;
            case 3:
                var nested = Object(3);
                values.Add(nested);
                return nested;
            default:
                var number = Number();
                values.Add(number);
                return number;
        }
    }

    private string Value(int depth, bool halves) => random.Next(depth >= MaxDepth ? 5 : 8) switch
    {
        0 => "null",
        1 => random.Next(2) == 0 ? "true" : "false",
        2 => Text(halves),
        3 or 4 => Number(),
        5 => $"[{Blank()}{string.Join($"{Blank()},{Blank()}", Enumerable.Range(0, random.Next(5)).Select(_ => Value(depth + 1, halves)))}{Blank()}]",
        _ => Object(depth),
    };

    private string Object(int depth) =>
        $"{{{Blank()}{string.Join($"{Blank()},{Blank()}", Enumerable.Range(0, random.Next(5)).Select(_ => $"{Text(halves: true)}{Blank()}:{Blank()}{Value(depth + 1, halves: true)}"))}{Blank()}}}";

    private string Number()
    {
        var number = new StringBuilder(random.Next(4) == 0 ? "-" : "");
        number.Append(random.Next(4) == 0 ? "0" : random.Next(1, 10).ToString(CultureInfo.InvariantCulture));
        if (number[^1] != '0')
        {
            number.Append(Digits(random.Next(3) == 0 ? 30 : 19));
        }

        if (random.Next(3) == 0)
        {
            number.Append('.').Append(Digits(9)).Append(random.Next(10));
        }

        if (random.Next(4) == 0)
        {
            number.Append("eE"[random.Next(2)]).Append(Signs[random.Next(Signs.Length)]).Append(Digits(2)).Append(random.Next(10));
        }

        return number.ToString();
    }

    private string Digits(int max) => string.Concat(Enumerable.Range(0, random.Next(max + 1)).Select(_ => (char)('0' + random.Next(10))));

    private string Text(bool halves)
    {
        var text = new StringBuilder("\"");
        for (var length = random.Next(6); length > 0; length--)
        {
            var kind = random.Next(10);
            var source = kind < 7 ? Characters : kind < 9 || !halves ? Escapes : HalfPairs;
            text.Append(source[random.Next(source.Length)]);
        }

        return text.Append('"').ToString();
    }
}
