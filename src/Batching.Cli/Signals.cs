using System.Runtime.InteropServices;

namespace Batching.Cli;

/// <summary>Ctrl-C and SIGTERM: the first one stops a command in order, the second one ends the process.</summary>
internal sealed class Signals : IDisposable
{
    private readonly CancellationTokenSource _stopped = new();
    private readonly PosixSignalRegistration[] _registrations;

    public Signals() => _registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(context, Cli.ExitCode.Interrupted)),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(context, Cli.ExitCode.Terminated)),
    ];

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Stopped => _stopped.Token;

    /// <summary>The exit code that follows from it; null if there was none.</summary>
    public int? ExitCode { get; private set; }

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        _stopped.Dispose();
    }

    private void Stop(PosixSignalContext context, int exitCode)
    {
        if (ExitCode is not null)
        {
            return;
        }

        ExitCode = exitCode;
        context.Cancel = true;
        _stopped.Cancel();
    }
}
