using System.Globalization;

namespace Batching.Rest.Tests.Table;

/// <summary>One file of the table. README.md describes its form.</summary>
internal sealed class ExchangeFile
{
    private const string GatewayWord = "gateway: ";
    private const string UntilWord = "until: ";
    private const string FillWord = "fill: ";

    private readonly string[] _lines;

    private ExchangeFile(string name, string[] lines)
    {
        Name = name;
        _lines = lines;
    }

    /// <summary>The name without folder and extension.</summary>
    public string Name { get; }

    /// <summary>The scenarios, in order.</summary>
    public List<Scenario> Scenarios { get; } = [];

    /// <summary>Reads a file.</summary>
    /// <exception cref="FormatException">A line is none of the table's; names it.</exception>
    public static ExchangeFile Read(string path)
    {
        // Not ReadAllLines: bodies may hold characters that it takes for the end of a line.
        var file = new ExchangeFile(Path.GetFileNameWithoutExtension(path), File.ReadAllText(path).Split('\n'));
        for (var i = 0; i < file._lines.Length; i++)
        {
            if (!file.ReadLine(i, file._lines[i]))
            {
                throw new FormatException(string.Create(
                    CultureInfo.InvariantCulture, $"{path}:{i + 1} is no line of the table: {file._lines[i]}"));
            }
        }

        return file;
    }

    /// <summary>The text of the file with the replies that the exchanges have now.</summary>
    public string Rewrite()
    {
        var replies = Scenarios.SelectMany(scenario => scenario.Exchanges)
            .ToDictionary(exchange => exchange.LastRequestLine, exchange => exchange.Reply);
        var lines = new List<string>();
        for (var i = 0; i < _lines.Length; i++)
        {
            if (!_lines[i].StartsWith('<'))
            {
                lines.Add(_lines[i]);
            }

            if (replies.TryGetValue(i, out var reply))
            {
                lines.AddRange(reply);
            }
        }

        return string.Join('\n', lines);
    }

    private bool ReadLine(int number, string line)
    {
        var scenario = Scenarios.LastOrDefault();
        var exchange = scenario?.Exchanges.LastOrDefault();
        if (line.StartsWith("== ", StringComparison.Ordinal))
        {
            Scenarios.Add(new Scenario { Name = line[3..] });
        }
        else if (line.StartsWith(GatewayWord, StringComparison.Ordinal) && scenario is not null)
        {
            scenario.Gateway = line[GatewayWord.Length..];
        }
        else if (line.StartsWith("-- ", StringComparison.Ordinal) && scenario is not null)
        {
            scenario.Exchanges.Add(new Exchange { Name = line[3..] });
        }
        else if (line.StartsWith(UntilWord, StringComparison.Ordinal) && exchange is not null)
        {
            exchange.Until = line[UntilWord.Length..];
        }
        else if (line.StartsWith(FillWord, StringComparison.Ordinal) && exchange is not null)
        {
            var parts = line[FillWord.Length..].Split(' ', 2);
            var times = int.Parse(parts[0], CultureInfo.InvariantCulture);
            exchange.Fill = string.Concat(Enumerable.Repeat(parts[1], times));
        }
        else if (line.StartsWith('>') && exchange is not null)
        {
            exchange.LastRequestLine = number;
            ReadRequestLine(exchange, line);
        }
        else if (line.StartsWith('<') && exchange is not null)
        {
            exchange.Reply.Add(line);
        }
        else
        {
            return line.Length == 0 || line.StartsWith('#');
        }

        return true;
    }

    // What stands right behind the mark, without a blank, begins the body and says how it is written.
    private static void ReadRequestLine(Exchange exchange, string line)
    {
        if (line.StartsWith("> ", StringComparison.Ordinal))
        {
            exchange.Request.Add(line[2..]);
        }
        else if (exchange.RequestBodyStart < 0)
        {
            exchange.RequestBodyForm = line[1..];
            exchange.RequestBodyStart = exchange.Request.Count;
        }
        else
        {
            exchange.Request.Add(line[1..]);
        }
    }
}
