using System.Globalization;
using System.Runtime.CompilerServices;
using Batching.Contracts.OpenAi;
using Batching.Engine.Configuration;
using Batching.Engine.Drafts;
using Batching.Engine.Files;
using Batching.Engine.Model;
using Batching.Engine.Submission;
using Batching.V1;
using Google.Protobuf;
using Microsoft.Extensions.Options;

namespace Batching.Rest.OpenAi;

/// <summary>Reads the requests of batches from their input files, line by line. Thread-safe.</summary>
internal sealed class OpenAiDraftReader(
    BatchFiles files, IOptions<OpenAiOptions> options, IOptions<BatchEngineOptions> engine) : IDraftReader
{
    // Requests that are handed over together.
    private const int PartBytes = 128 * 1024;
    private const int PartCount = 500;

    private const string LineField = "requests[";

    private readonly OpenAiOptions _options = options.Value;
    private readonly BatchEngineOptions _engine = engine.Value;

    public bool CanRead(BatchDraft draft) => OpenAiBatch.IsOwn(draft.Attributes);

    public BatchTerms TermsOf(BatchDraft draft)
    {
        var stored = OpenAiBatch.Unpack(draft.Attributes);
        var deadline = draft.CreateTime + TimeSpan.FromSeconds(stored.WindowSeconds);
        var expireTime = deadline + TimeSpan.FromSeconds(stored.OutputSeconds);
        var deleteTime = draft.CreateTime + _engine.Retention.Metadata;
        return new BatchTerms
        {
            Attributes = draft.Attributes,
            Deadline = deadline,
            ExpireTime = expireTime,
            DeleteTime = deleteTime > expireTime ? deleteTime : expireTime,

            // A call of a model changes nothing.
            MayRepeat = true,
        };
    }

    public async IAsyncEnumerable<DraftPart> ReadAsync(
        BatchDraft draft, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var stored = OpenAiBatch.Unpack(draft.Attributes);
        var file = await files.FindAsync(new Caller(draft.Owner, null), stored.InputFile, cancellationToken);
        if (file is null)
        {
            yield return DraftPart.Bad(Gone());
            yield break;
        }

        using var lines = new FileLines(files, file, _options.LineBytes);
        var requests = new List<Request>();
        var bytes = 0;
        var count = 0;
        while (await lines.ReadAsync(cancellationToken))
        {
            count++;
            if (count > _options.FileLines)
            {
                yield return DraftPart.Bad(new Problem("", TooMany()) { Code = "too_many_requests" });
                yield break;
            }

            var problem = OpenAiLine.Read(lines.Line.Span, stored.Endpoint, _engine.Limits.JsonDepth, out var request);
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
                yield return DraftPart.Bad(AtLine(problem, count));
                continue;
            }

            requests.Add(request);
            bytes += request.Body.Length;
        }

        if (requests.Count > 0)
        {
            yield return DraftPart.Of(requests);
        }

        if (lines.Fault != FileLinesFault.None)
        {
            yield return DraftPart.Bad(lines.Fault == FileLinesFault.Gone ? Gone() : AtLine(
                new Problem("", $"has more than {_options.LineBytes} bytes ({OpenAiOptions.KeyOf(nameof(_options.LineBytes))})")
                {
                    Code = "line_too_long",
                },
                count + 1));
        }
    }

    public byte[] Encode(BatchDraft draft, IReadOnlyList<Problem> problems) => new StoredProblems
    {
        Problems = { problems.Select(ToStored) },
    }.ToByteArray();

    // Those of the reader have a code and the property; those of the engine the place of the request.
    private static StoredProblem ToStored(Problem problem)
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

    private static (string Field, int Line) Split(string field)
    {
        var end = field.IndexOf(']', StringComparison.Ordinal);
        return end > 0
            && field.StartsWith(LineField, StringComparison.Ordinal)
            && int.TryParse(field.AsSpan(LineField.Length, end - LineField.Length), CultureInfo.InvariantCulture, out var index)
                ? (field[(end + 1)..].TrimStart('.'), index + 1)
                : (field, 0);
    }

    private static Problem AtLine(Problem problem, int line) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{LineField}{line - 1}].{problem.Field}").TrimEnd('.'), problem.Message)
        {
            Code = problem.Code,
        };

    private static Problem Gone() => new("", "The input file is not there any more.") { Code = "input_file_not_found" };

    private string TooMany() => string.Create(
        CultureInfo.InvariantCulture,
        $"The input file has more than {_options.FileLines} lines ({OpenAiOptions.KeyOf(nameof(_options.FileLines))}).");
}
