using nietras.SeparatedValues;

namespace Batching.Cli.Input;

/// <summary>Reads a table (RFC 4180) of which each row is put into a template. Its first row has the names of the columns.</summary>
internal static class CsvCalls
{
    /// <summary>The calls of a file.</summary>
    /// <param name="stream">The file. The separator is what its first row shows: comma, semicolon, tab or bar.</param>
    /// <param name="template">Gets the rows.</param>
    public static IEnumerable<ReadCall> Read(Stream stream, CallTemplate template)
    {
        using var reader = Sep.Reader(options => options with { Unescape = true, DisableColCountCheck = false }).From(stream);
        var columns = reader.Header.ColNames;
        if (template.FindUnknown(columns) is { } unknown)
        {
            yield return new ReadCall(1, null, $"has no column \"{unknown}\", which the template names; its columns are {string.Join(", ", columns)}");
            yield break;
        }

        while (true)
        {
            var line = 0;
            string? problem = null;
            string[] values = [];
            try
            {
                if (!reader.MoveNext())
                {
                    yield break;
                }

                var row = reader.Current;
                line = row.LineNumberFrom;
                values = new string[columns.Count];
                for (var column = 0; column < values.Length; column++)
                {
                    values[column] = row[column].ToString();
                }
            }
            catch (InvalidDataException exception)
            {
                problem = exception.Message.Split('\n')[0];
            }

            if (problem is not null)
            {
                yield return new ReadCall(line, null, problem);
                yield break;
            }

            yield return ReadCall.Of(line, () => template.Fill(columns, values));
        }
    }
}
