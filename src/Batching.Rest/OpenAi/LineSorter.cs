using Batching.Contracts.OpenAi;
using Batching.Engine.Files;
using Batching.Engine.Model;

namespace Batching.Rest.OpenAi;

/// <summary>Finds the order in which the lines of a file are to be sent.</summary>
internal static class LineSorter
{
    /// <summary>Reads the file once.</summary>
    /// <param name="files">Reads it.</param>
    /// <param name="file">The file.</param>
    /// <param name="order">The order.</param>
    /// <param name="options">Limits of the file.</param>
    /// <param name="depth">Levels of the JSON of a line.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>All lines in that order; null if the file can't be read to its end, and will be refused.</returns>
    public static async ValueTask<LinePlace[]?> SortAsync(
        BatchFiles files, FileRecord file, LineOrder order, OpenAiOptions options, int depth, CancellationToken cancellationToken)
    {
        using var lines = new FileLines(files, file, options.LineBytes);
        var found = new List<(LineDigest Digest, LinePlace Place)>();
        var last = 0;
        while (await lines.ReadAsync(cancellationToken))
        {
            if (found.Count == options.FileLines)
            {
                return null;
            }

            var line = lines.Line.Span;
            found.Add((
                LineDigest.Of(line, order == LineOrder.ModelAndPrompt, depth),
                new LinePlace(lines.LineOffset, line.Length, found.Count + 1)));
            last = OpenAiLine.IsBlank(line) ? last : found.Count;
        }

        if (lines.Fault != FileLinesFault.None)
        {
            return null;
        }

        // Blank lines at the end are none.
        found.RemoveRange(last, found.Count - last);

        // In the end by their place in the file, so that there is one order only.
        found.Sort(static (a, b) => a.Digest.CompareTo(b.Digest) is var digest and not 0 ? digest : a.Place.Line.CompareTo(b.Place.Line));
        return [.. found.Select(static line => line.Place)];
    }
}
