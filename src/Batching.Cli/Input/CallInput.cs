using System.Runtime.CompilerServices;
using Batching.V1;

namespace Batching.Cli.Input;

/// <summary>The calls of some files, in order. Can be read more than once.</summary>
/// <param name="files">The files.</param>
/// <param name="format">How the calls are written.</param>
/// <param name="template">For tables; null if there is none.</param>
/// <param name="name">What a person knows the file as, if that is not its path.</param>
internal sealed class CallInput(
    IReadOnlyList<string> files, CallFormat format, CallTemplate? template, string? name = null)
{
    private const int MaxProblems = 20;

    // Of each call that was read last: its file, and its place there.
    private readonly List<(int File, int Line)> _places = [];

    private readonly Dictionary<string, CallFormat> _formats = [];

    /// <summary>Calls that were read.</summary>
    public int Count => _places.Count;

    /// <summary>Reads all calls. After the first bad one no other comes, but all of them are checked.</summary>
    /// <exception cref="InputException">Some are bad, or there are none.</exception>
    public async IAsyncEnumerable<Request> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        _places.Clear();
        var problems = new List<InputProblem>();
        for (var file = 0; file < files.Count; file++)
        {
            await using var stream = Open(files[file]);
            await foreach (var call in ReadFileAsync(stream, files[file], cancellationToken))
            {
                if (call.Request is null)
                {
                    problems.Add(new InputProblem(PlaceOf(file, call.Line), call.Problem!));
                    if (problems.Count == MaxProblems)
                    {
                        throw new InputException(problems);
                    }
                }
                else if (problems.Count == 0)
                {
                    _places.Add((file, call.Line));
                    yield return call.Request;
                }
            }
        }

        if (problems.Count > 0)
        {
            throw new InputException(problems);
        }

        if (_places.Count == 0)
        {
            throw new InputException([new InputProblem(name ?? string.Join(", ", files), "has no calls")]);
        }
    }

    /// <summary>The origin of a call.</summary>
    /// <param name="index">The place of the call among all.</param>
    public string PlaceOf(int index) =>
        index < _places.Count ? PlaceOf(_places[index].File, _places[index].Line) : $"call {index + 1}";

    private string PlaceOf(int file, int line) =>
        FormatOf(files[file]) == CallFormat.Json ? $"{name ?? files[file]}[{line - 1}]" : $"{name ?? files[file]}:{line}";

    private IAsyncEnumerable<ReadCall> ReadFileAsync(Stream stream, string file, CancellationToken cancellationToken) =>
        FormatOf(file) switch
        {
            CallFormat.Json => JsonCalls.ReadArrayAsync(stream, cancellationToken),
            CallFormat.Curl => CurlCalls.Read(stream).ToAsyncEnumerable(),
            CallFormat.Csv when template is null =>
                throw new CommandFailedException(ExitCode.Usage, $"{name ?? file} is a table: --template says what each row becomes."),
            CallFormat.Csv => CsvCalls.Read(stream, template).ToAsyncEnumerable(),
            _ => JsonCalls.ReadLines(stream).ToAsyncEnumerable(),
        };

    private CallFormat FormatOf(string file)
    {
        if (!_formats.TryGetValue(file, out var known))
        {
            _formats[file] = known = FindFormat(file);
        }

        return known;
    }

    private CallFormat FindFormat(string file) => format != CallFormat.Auto ? format : Path.GetExtension(file).ToLowerInvariant() switch
    {
        ".jsonl" or ".ndjson" => CallFormat.Jsonl,
        ".csv" or ".tsv" => CallFormat.Csv,
        ".curl" or ".sh" => CallFormat.Curl,
        _ => Sniff(file),
    };

    private CallFormat Sniff(string file)
    {
        using var stream = Open(file);
        Span<byte> start = stackalloc byte[512];
        var text = System.Text.Encoding.UTF8.GetString(start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)])
            .TrimStart('\uFEFF').TrimStart();
        return text.StartsWith('[') ? CallFormat.Json
            : text.StartsWith('{') ? CallFormat.Jsonl
            : text.StartsWith("curl ", StringComparison.Ordinal) || text.StartsWith('#') ? CallFormat.Curl
            : template is not null ? CallFormat.Csv
            : CallFormat.Jsonl;
    }

    private static FileStream Open(string file)
    {
        try
        {
            return File.OpenRead(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.Usage, $"{file} can't be read: {exception.Message}");
        }
    }
}
