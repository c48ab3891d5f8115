using System.Text;
using Batching.Cli.Terminal;
using Batching.Client;

namespace Batching.Cli;

/// <summary>Things that every command has: where to write, the clock, and the options that all of them share.</summary>
/// <param name="Output">Standard output: results, and what was asked for.</param>
/// <param name="Error">Standard error: progress, and everything else that is said.</param>
/// <param name="Time">The clock.</param>
/// <param name="Url">The gateway.</param>
/// <param name="Token">The caller's credential; null if there is none.</param>
/// <param name="IsJson">Whether programs read what is said.</param>
/// <param name="IsQuiet">Whether nothing is said about progress.</param>
internal sealed record CliContext(
    Stream Output, TextWriter Error, TimeProvider Time, Uri Url, string? Token, bool IsJson, bool IsQuiet)
{
    // Whoever waits for a short answer wants to know soon that there is none.
    private static readonly TimeSpan ShortRetryTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>A client for calls with short answers.</summary>
    public BatchClient NewClient() => NewClient(ShortRetryTime);

    /// <summary>A client that goes on trying as long as clients usually do.</summary>
    public BatchClient NewPatientClient() => NewClient(new BatchClientOptions().RetryTime);

    /// <summary>A client of the gateway.</summary>
    /// <param name="retryTime">How long it tries.</param>
    public BatchClient NewClient(TimeSpan retryTime) => new(
        new BatchClientOptions
        {
            Address = Url,
            Token = Token,
            RetryTime = retryTime,
            ProgressInterval = TimeSpan.FromMilliseconds(500),
        },
        Time);

    /// <summary>Waits for an answer of the gateway, and says so if that takes a while.</summary>
    public async Task<T> WaitForAsync<T>(Task<T> answer)
    {
        if (await Task.WhenAny(answer, Task.Delay(Patience, Time)) != answer)
        {
            Say($"Waiting for {Url}.");
        }

        return await answer;
    }

    /// <summary>Shows progress.</summary>
    public IProgressView NewProgressView() =>
        IsQuiet ? new NoProgress()
        : IsJson || Console.IsErrorRedirected ? new ProgressLines(Error, IsJson, Time)
        : new ProgressBarView(Error, Time);

    /// <summary>Writes what was asked for.</summary>
    public void WriteLine(string text) => Output.Write(Encoding.UTF8.GetBytes($"{text}\n"));

    /// <summary>Tells a person something that is not asked for.</summary>
    public void Say(string text)
    {
        if (!IsQuiet && !IsJson)
        {
            Error.WriteLine(text);
        }
    }
}
