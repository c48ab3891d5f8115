using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Batching.Cli.Output;

/// <summary>
/// A file with results, and beside it the state of the run. Now and then the state notes how long the file is and which result is the
/// last one in it; a run that was cut goes on from there, so that no line comes twice and none is half.
/// </summary>
internal sealed class OutputFile : IDisposable
{
    private static readonly TimeSpan CheckpointInterval = TimeSpan.FromSeconds(1);

    private readonly FileStream _file;
    private readonly TimeProvider _time;
    private long _lastCheckpoint;

    private OutputFile(string path, FileStream file, RunState state, TimeProvider time)
    {
        Path = path;
        _file = file;
        State = state;
        _time = time;
        _lastCheckpoint = time.GetTimestamp();
    }

    /// <summary>Its path, as it was given.</summary>
    public string Path { get; }

    /// <summary>The state of the run, as it was kept last.</summary>
    public RunState State { get; private set; }

    /// <summary>The file that the results are written to.</summary>
    public Stream Stream => _file;

    /// <summary>The path of the state of a run.</summary>
    public static string StatePathOf(string path) => $"{path}.batch";

    /// <summary>The path of calls that a run can't read again.</summary>
    public static string CallsPathOf(string path) => $"{path}.calls";

    /// <summary>Looks whether a file may be begun.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="overwrite">Whether what is there is given up.</param>
    /// <exception cref="CommandFailedException">There is something that is not given up.</exception>
    public static void Check(string path, bool overwrite)
    {
        if (!overwrite && File.Exists(StatePathOf(path)))
        {
            throw new CommandFailedException(
                ExitCode.Usage,
                $"{path} is of a run that is not finished. Go on with \"batch resume {path}\", or begin anew with --overwrite.");
        }

        if (!overwrite && new FileInfo(path) is { Exists: true, Length: > 0 })
        {
            throw new CommandFailedException(ExitCode.Usage, $"{path} is there already; --overwrite gives up what is in it.");
        }
    }

    /// <summary>Begins a file, which must not be there or be empty.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="state">The state of the run.</param>
    /// <param name="overwrite">Whether what is there is given up.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="CommandFailedException">It is there, or can't be written.</exception>
    public static OutputFile Create(string path, RunState state, bool overwrite, TimeProvider time)
    {
        Check(path, overwrite);
        var file = Open(path, FileMode.OpenOrCreate);
        file.SetLength(0);
        var output = new OutputFile(path, file, state, time);
        output.Keep(state);
        return output;
    }

    /// <summary>Opens a file whose run was cut, and takes off what is not certain.</summary>
    /// <exception cref="CommandFailedException">There is no such run, or it can't go on.</exception>
    public static OutputFile Resume(string path, TimeProvider time)
    {
        var state = ReadState(path);
        var file = Open(path, FileMode.Open);
        if (file.Length < state.Length)
        {
            var length = file.Length;
            file.Dispose();
            throw new CommandFailedException(
                ExitCode.Error,
                $"{path} has {length} bytes, but {state.Length} were written: something has changed it. "
                + $"\"batch results {state.BatchId} -o FILE\" writes all results anew.");
        }

        var (position, end) = state.Shape.Items ? (state.Position, state.Length) : FindEnd(file, state);
        file.SetLength(end);
        file.Position = end;
        var output = new OutputFile(path, file, state, time);
        if (end != state.Length)
        {
            output.Checkpoint(position);
        }

        return output;
    }

    /// <summary>Notes that everything up to a result is in the file, unless that was done a moment ago.</summary>
    public void CheckpointIfDue(long position)
    {
        if (_time.GetElapsedTime(_lastCheckpoint) >= CheckpointInterval)
        {
            Checkpoint(position);
        }
    }

    /// <summary>Notes that everything up to a result is in the file.</summary>
    public void Checkpoint(long position)
    {
        // The bytes first: the state must never know of any that a loss of power could take.
        _file.Flush(flushToDisk: true);
        Keep(State with { Position = position, Length = _file.Position });
        _lastCheckpoint = _time.GetTimestamp();
    }

    /// <summary>Keeps a new state.</summary>
    public void Keep(RunState state)
    {
        var path = StatePathOf(Path);
        var temporary = $"{path}.new";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            JsonSerializer.Serialize(file, state, CliJson.Default.RunState);
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
        State = state;
    }

    /// <summary>All is there: the state is not needed any more.</summary>
    public void Complete()
    {
        _file.Flush(flushToDisk: true);
        RemoveState();
    }

    /// <summary>Nothing came of the run: leaves no trace of it.</summary>
    public void Abandon()
    {
        RemoveState();
        if (_file.Length == 0)
        {
            File.Delete(Path);
        }
    }

    public void Dispose() => _file.Dispose();

    private void RemoveState()
    {
        if (State.IsCopy)
        {
            File.Delete(CallsPathOf(Path));
        }

        File.Delete(StatePathOf(Path));
    }

    // What was written behind the last note is good as far as its lines are whole and follow each other.
    private static (long Position, long End) FindEnd(FileStream file, RunState state)
    {
        file.Position = state.Length;
        var (position, end) = (state.Position, state.Length);
        var line = new List<byte>();
        while (file.ReadByte() is >= 0 and var next)
        {
            line.Add((byte)next);
            if (next != '\n')
            {
                continue;
            }

            var start = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"position\":{position + 1},"));
            if (!line.Take(start.Length).SequenceEqual(start))
            {
                break;
            }

            position++;
            end += line.Count;
            line.Clear();
        }

        return (position, end);
    }

    /// <summary>Reads what is kept of a run.</summary>
    /// <exception cref="CommandFailedException">There is no such run.</exception>
    public static RunState ReadState(string path)
    {
        var statePath = StatePathOf(path);
        if (!File.Exists(statePath))
        {
            throw new CommandFailedException(
                ExitCode.Usage,
                $"There is nothing to go on with: {statePath} is missing. It is there from the beginning of a run with -o {path} until all results are in the file.");
        }

        try
        {
            using var file = File.OpenRead(statePath);
            var state = JsonSerializer.Deserialize(file, CliJson.Default.RunState)!;
            return state.Version == 1
                ? state
                : throw new CommandFailedException(ExitCode.Error, $"{statePath} is of another version of this command.");
        }
        catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.Error, $"{statePath} can't be read: {exception.Message}");
        }
    }

    private static FileStream Open(string path, FileMode mode)
    {
        try
        {
            // No other run may write to it: two would spoil it. Other programs can read it all the same.
            return new FileStream(path, mode, FileAccess.ReadWrite, FileShare.None, bufferSize: 64 * 1024);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.Error, $"{path} can't be opened: {exception.Message}");
        }
    }
}
