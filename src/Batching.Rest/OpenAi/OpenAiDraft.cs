using System.Globalization;
using System.Runtime.CompilerServices;
using Batching.Contracts.OpenAi;
using Batching.Engine.Drafts;
using Batching.Engine.Files;
using Batching.Engine.Model;
using Batching.V1;
using Google.Protobuf;

namespace Batching.Rest.OpenAi;

/// <summary>The requests of a batch that is not accepted yet: the lines of its input file.</summary>
/// <param name="files">Reads the file.</param>
/// <param name="owner">Whose it is.</param>
/// <param name="batch">What was submitted.</param>
/// <param name="options">Limits of the file.</param>
/// <param name="depth">Levels of the JSON of a line.</param>
internal sealed class OpenAiDraft(
    BatchFiles files, string owner, StoredBatch batch, OpenAiOptions options, int depth) : IDraftRequests
{
    // Requests that are handed over together.
    private const int PartBytes = 128 * 1024;
    private const int PartCount = 500;

    private const string LineField = "requests[";

    // Null if the requests stand as they do in the file.
    private LinePlace[]? _order;
    private FileLinesFault _fault;

    public async IAsyncEnumerable<DraftPart> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (await files.FindAsync(new Caller(owner, null), batch.InputFile, cancellationToken) is not { } file)
        {
            yield return DraftPart.Bad(Gone());
            yield break;
        }

        _order = batch.Order == LineOrder.Unspecified
            ? null
            : await LineSorter.SortAsync(files, file, batch.Order, options, depth, cancellationToken);
        var requests = new List<Request>();
        var bytes = 0;
        var count = 0;
        await foreach (var line in _order is null
            ? ReadLinesAsync(file, cancellationToken)
            : ReadLinesAsync(file, _order, cancellationToken))
        {
            count++;
            if (count > options.FileLines)
            {
                yield return DraftPart.Bad(new Problem("", TooMany()) { Code = "too_many_requests" });
                yield break;
            }

            var problem = OpenAiLine.Read(line.Span, batch.Endpoint, depth, out var request);
            if (problem is not null || bytes >= PartBytes || requests.Count == PartCount)
            {
                if (requests.Count > 0)
                {
                    yield return DraftPart.Of(requests);
                }

                (requests, bytes) = ([], 0);
            }

            if (problem is not null)
            {
                yield return DraftPart.Bad(AtPlace(problem, count));
                continue;
            }

            requests.Add(request);
            bytes += request.Body.Length;
        }

        if (requests.Count > 0)
        {
            yield return DraftPart.Of(requests);
        }

        if (_fault != FileLinesFault.None)
        {
            yield return DraftPart.Bad(_fault == FileLinesFault.Gone ? Gone() : AtPlace(
                new Problem("", $"has more than {options.LineBytes} bytes ({OpenAiOptions.KeyOf(nameof(options.LineBytes))})")
                {
                    Code = "line_too_long",
                },
                count + 1));
        }
    }

    public byte[] Encode(IReadOnlyList<Problem> problems) => new StoredProblems
    {
        Problems = { problems.Select(ToStored).OrderBy(problem => problem.Line) },
    }.ToByteArray();

    // Each holds until the next one is read.
    private async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadLinesAsync(
        FileRecord file, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var lines = new FileLines(files, file, options.LineBytes);
        var blank = 0;
        while (await lines.ReadAsync(cancellationToken))
        {
            if (blank < options.FileLines && OpenAiLine.IsBlank(lines.Line.Span))
            {
                blank++;
                continue;
            }

            // Blank lines at the end are none; others are bad ones, and so are more than a file may have.
            for (; blank > 0; blank--)
            {
                yield return ReadOnlyMemory<byte>.Empty;
            }

            yield return lines.Line;
        }

        _fault = lines.Fault;
    }

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadLinesAsync(
        FileRecord file, LinePlace[] order, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var buffer = Array.Empty<byte>();
        foreach (var place in order)
        {
            if (buffer.Length < place.Length)
            {
                buffer = new byte[Math.Max(place.Length, 2 * buffer.Length)];
            }

            for (var filled = 0; filled < place.Length;)
            {
                if (await files.ReadAsync(file, place.Offset + filled, buffer.AsMemory(filled..place.Length), cancellationToken)
                    is not (> 0 and var count))
                {
                    _fault = FileLinesFault.Gone;
                    yield break;
                }

                filled += count;
            }

            yield return buffer.AsMemory(0, place.Length);
        }
    }

    // Those of the reader have a code and the property; those of the engine the place of the request.
    private StoredProblem ToStored(Problem problem)
    {
        var (field, line) = Split(problem.Field);
        if (field == "key")
        {
            // A custom_id is the key of its request.
            var isTaken = problem.Message.StartsWith("is the key of", StringComparison.Ordinal);
            (field, problem) = ("custom_id", new Problem("custom_id", isTaken ? "is that of another line" : problem.Message)
            {
                Code = isTaken ? "duplicate_custom_id" : "",
            });
        }
        else if (field == "path")
        {
            (field, problem) = ("url", new Problem("url", problem.Message) { Code = "invalid_url" });
        }

        var isEmpty = problem is { Field: "requests", Code: "" };
        return new StoredProblem
        {
            Code = isEmpty ? "empty_file" : problem.Code.Length > 0 ? problem.Code : "invalid_request",
            Message = isEmpty ? "The input file has no requests."
                : line == 0 ? problem.Message
                : string.Create(
                    CultureInfo.InvariantCulture, $"Line {line}: {(field.Length > 0 ? field : "it")} {problem.Message}."),
            Param = isEmpty ? "" : field,
            Line = line,
        };
    }

    private (string Field, int Line) Split(string field)
    {
        var end = field.IndexOf(']', StringComparison.Ordinal);
        return end > 0
            && field.StartsWith(LineField, StringComparison.Ordinal)
            && int.TryParse(field.AsSpan(LineField.Length, end - LineField.Length), CultureInfo.InvariantCulture, out var index)
                ? (field[(end + 1)..].TrimStart('.'), _order is null || index >= _order.Length ? index + 1 : _order[index].Line)
                : (field, 0);
    }

    private static Problem AtPlace(Problem problem, int place) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{LineField}{place - 1}].{problem.Field}").TrimEnd('.'), problem.Message)
        {
            Code = problem.Code,
        };

    private static Problem Gone() => new("", "The input file is not there any more.") { Code = "input_file_not_found" };

    private string TooMany() => string.Create(
        CultureInfo.InvariantCulture,
        $"The input file has more than {options.FileLines} lines ({OpenAiOptions.KeyOf(nameof(options.FileLines))}).");
}
