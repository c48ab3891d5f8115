using Batching.Engine.Hosting;
using Batching.Server.Configuration;

namespace Batching.Server;

/// <summary>The process: it serves until it is told to stop, or says in a line why it can't.</summary>
internal static class ServerProcess
{
    // Of sysexits.h: what runs the gateway starts it again after any but that of a wrong configuration.
    private const int Software = 70;
    private const int TemporaryFailure = 75;

    /// <summary>Runs the service.</summary>
    /// <param name="args">The command line.</param>
    /// <returns>
    /// The exit code of the process: 0, that of a <see cref="StartFailure"/>, 75 when another gateway has taken over the store,
    /// 70 when a part of the engine has failed.
    /// </returns>
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
            var engine = app.Services.GetRequiredService<EngineHealth>();
            return engine.Role == GatewayRole.Lost ? TemporaryFailure : engine.HasFailed ? Software : 0;
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
