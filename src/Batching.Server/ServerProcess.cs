using Batching.Server.Configuration;

namespace Batching.Server;

/// <summary>The process: it serves until it is told to stop, or says in a line why it can't.</summary>
internal static class ServerProcess
{
    /// <summary>Runs the service.</summary>
    /// <param name="args">The command line.</param>
    /// <returns>The exit code of the process: 0, or that of a <see cref="StartFailure"/>.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var start = new StartLogs();
        try
        {
            var builder = BatchConfiguration.CreateBuilder(args);
            start.Watch(builder);
            await using var app = BatchServer.Build(builder);
            await app.StartAsync();
            start.End();
            await app.WaitForShutdownAsync();
            return 0;
        }
        catch (Exception exception) when (!start.HasEnded)
        {
            var failure = StartFailure.From(exception);
            await Console.Error.WriteLineAsync($"The gateway did not start: {failure.Message}");
            if (start.IsDebugging)
            {
                await Console.Error.WriteLineAsync(exception.ToString());
            }

            return failure.ExitCode;
        }
    }
}
