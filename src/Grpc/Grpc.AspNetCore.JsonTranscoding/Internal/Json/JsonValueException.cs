namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>
/// A JSON value that doesn't fit the message; the path is built while the exception travels outwards.
/// </summary>
internal sealed class JsonValueException(string message) : Exception(message)
{
    public string Path { get; private set; } = "";

    /// <summary>
    /// Puts a step in front of the path. Meant for exception filters: these run from the innermost
    /// value outwards before the stack unwinds, and the false leaves the exception uncaught.
    /// </summary>
    public bool Within(string step)
    {
        Path = Path.Length == 0 ? step : Path[0] == '[' ? step + Path : $"{step}.{Path}";
        return false;
    }
}
