using System.Text;

namespace Batching.Cli.Input;

/// <summary>Reads a curl command a line. A line that ends with a backslash goes on; empty lines and comments don't count.</summary>
internal static class CurlCalls
{
    public static IEnumerable<ReadCall> Read(Stream stream)
    {
        var command = new StringBuilder();
        var first = 0;
        foreach (var (number, bytes) in Utf8Lines.Read(stream))
        {
            var line = Encoding.UTF8.GetString(bytes.Span);
            first = command.Length == 0 ? number : first;
            command.Append(line).Append('\n');
            if (line.EndsWith('\\'))
            {
                continue;
            }

            if (TakeCommand() is { } whole)
            {
                yield return ReadCall.Of(first, () => CurlCommand.Read(whole));
            }
        }

        if (TakeCommand() is { } last)
        {
            yield return ReadCall.Of(first, () => CurlCommand.Read(last));
        }

        string? TakeCommand()
        {
            var text = command.ToString().Trim();
            command.Clear();
            return text.Length == 0 || text.StartsWith('#') ? null : text;
        }
    }
}
