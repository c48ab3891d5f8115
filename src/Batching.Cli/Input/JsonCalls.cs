using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Batching.Cli.Input;

/// <summary>Reads calls that are JSON: a line each, or the elements of an array.</summary>
internal static class JsonCalls
{
    /// <summary>A call a line; empty lines don't count.</summary>
    public static IEnumerable<ReadCall> ReadLines(Stream stream)
    {
        foreach (var (number, line) in Utf8Lines.Read(stream))
        {
            if (line.Span.ContainsAnyExcept((byte)' ', (byte)'\t'))
            {
                yield return ReadCall.Of(number, () => CallReader.Read(line.Span));
            }
        }
    }

    /// <summary>An array, which is read piece by piece.</summary>
    public static async IAsyncEnumerable<ReadCall> ReadArrayAsync(
        Stream stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var place = 0;
        string? problem = null;
        var elements = JsonSerializer.DeserializeAsyncEnumerable(stream, CliJson.Default.JsonElement, cancellationToken)
            .GetAsyncEnumerator(cancellationToken);
        await using (elements)
        {
            while (problem is null)
            {
                try
                {
                    if (!await elements.MoveNextAsync())
                    {
                        yield break;
                    }
                }
                catch (JsonException exception)
                {
                    problem = $"is not a JSON array of calls: line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}";
                }

                place++;
                if (problem is null)
                {
                    var element = elements.Current;
                    yield return ReadCall.Of(place, () => CallReader.Read(JsonMarshal.GetRawUtf8Value(element)));
                }
            }
        }

        yield return new ReadCall(place, null, problem);
    }
}
