using System.Globalization;
using System.Text;

namespace Batching.Cli.Input;

/// <summary>Takes a command apart as a POSIX shell does it. What only a shell can do, such as variables, is refused.</summary>
internal static class ShellWords
{
    /// <summary>The words of a command.</summary>
    /// <exception cref="FormatException">It can't be taken apart; the message says why.</exception>
    public static List<string> Split(string command)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var isWord = false;
        var at = 0;
        while (at < command.Length)
        {
            var letter = command[at++];
            switch (letter)
            {
                case ' ' or '\t' or '\r' or '\n':
                    if (isWord)
                    {
                        words.Add(word.ToString());
                        word.Clear();
                        isWord = false;
                    }

                    break;
                case '\'':
                    isWord = true;
                    var end = command.IndexOf('\'', at);
                    word.Append(command.AsSpan(at, (end >= 0 ? end : throw Unclosed()) - at));
                    at = end + 1;
                    break;
                case '$' when at < command.Length && command[at] == '\'':
                    isWord = true;
                    at = ReadAnsi(command, at + 1, word);
                    break;
                case '"':
                    isWord = true;
                    at = ReadDoubleQuoted(command, at, word);
                    break;
                case '\\':
                    if (at < command.Length)
                    {
                        // A line that goes on ends with one.
                        if (command[at] != '\n')
                        {
                            isWord = true;
                            word.Append(command[at]);
                        }

                        at++;
                    }

                    break;
                case '|' or ';' or '&' or '<' or '>' or '`' or '(' or ')':
                    throw new FormatException($"has {letter} outside of quotes: only one curl command a line is read");
                case '$':
                    throw Variable();
                default:
                    isWord = true;
                    word.Append(letter);
                    break;
            }
        }

        if (isWord)
        {
            words.Add(word.ToString());
        }

        return words;
    }

    private static int ReadDoubleQuoted(string command, int at, StringBuilder word)
    {
        while (at < command.Length)
        {
            var letter = command[at++];
            switch (letter)
            {
                case '"':
                    return at;
                case '\\' when at < command.Length && command[at] is '"' or '\\' or '$' or '`' or '\n':
                    if (command[at] != '\n')
                    {
                        word.Append(command[at]);
                    }

                    at++;
                    break;
                case '$' or '`':
                    throw Variable();
                default:
                    word.Append(letter);
                    break;
            }
        }

        throw Unclosed();
    }

    // $'…': what browsers write when they copy a call as curl.
    private static int ReadAnsi(string command, int at, StringBuilder word)
    {
        while (at < command.Length)
        {
            var letter = command[at++];
            if (letter == '\'')
            {
                return at;
            }

            if (letter != '\\' || at == command.Length)
            {
                word.Append(letter);
                continue;
            }

            var escape = command[at++];
            switch (escape)
            {
                case 'n':
                    word.Append('\n');
                    break;
                case 'r':
                    word.Append('\r');
                    break;
                case 't':
                    word.Append('\t');
                    break;
                case 'u':
                    word.Append((char)ReadHex(command, ref at, 4));
                    break;
                case 'x':
                    word.Append((char)ReadHex(command, ref at, 2));
                    break;
                default:
                    word.Append(escape);
                    break;
            }
        }

        throw Unclosed();
    }

    private static int ReadHex(string command, ref int at, int digits)
    {
        var text = command.AsSpan(at, Math.Min(digits, command.Length - at));
        at += text.Length;
        return int.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new FormatException("has an escape with something else than hexadecimal digits");
    }

    private static FormatException Unclosed() => new("has a quote that is not closed");

    private static FormatException Variable() =>
        new("has $ or ` where a shell would put something in its place: write it in single quotes");
}
