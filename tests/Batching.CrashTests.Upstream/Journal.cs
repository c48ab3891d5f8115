using System.Text;
using System.Text.Json;

namespace Batching.CrashTests.Upstream;

/// <summary>
/// What the upstream has received and answered, a line of JSON each. A line is with the operating system when its
/// method returns, so it outlives the process. Thread-safe.
/// </summary>
public sealed class Journal : IAsyncDisposable
{
    private const char Received = 'R';
    private const char Answered = 'A';

    private readonly Lock _lock = new();
    private readonly FileStream _file;

    private Journal(FileStream file) => _file = file;

    /// <summary>Begins a new journal.</summary>
    public static Journal Create(string path) =>
        new(new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0));

    /// <summary>Reads a journal.</summary>
    public static (IReadOnlyList<ReceivedCall> Calls, IReadOnlyList<GivenAnswer> Answers) Read(string path)
    {
        var calls = new List<ReceivedCall>();
        var answers = new List<GivenAnswer>();
        foreach (var line in File.ReadLines(path))
        {
            if (line[0] == Received)
            {
                calls.Add(JsonSerializer.Deserialize<ReceivedCall>(line.AsSpan(1))!);
            }
            else
            {
                answers.Add(JsonSerializer.Deserialize<GivenAnswer>(line.AsSpan(1))!);
            }
        }

        return (calls, answers);
    }

    /// <summary>Notes a call.</summary>
    public void Write(ReceivedCall call) => Write(Received, JsonSerializer.Serialize(call));

    /// <summary>Notes an answer.</summary>
    public void Write(GivenAnswer answer) => Write(Answered, JsonSerializer.Serialize(answer));

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _file.DisposeAsync();

    private void Write(char kind, string json)
    {
        var line = Encoding.UTF8.GetBytes($"{kind}{json}\n");
        lock (_lock)
        {
            _file.Write(line);
        }
    }
}
