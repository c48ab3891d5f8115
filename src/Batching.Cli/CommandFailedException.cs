namespace Batching.Cli;

/// <summary>A command can't do what it is asked for, and says why.</summary>
/// <param name="exitCode">What the process ends with.</param>
/// <param name="message">One or more sentences for whoever has called it.</param>
internal sealed class CommandFailedException(int exitCode, string message) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
