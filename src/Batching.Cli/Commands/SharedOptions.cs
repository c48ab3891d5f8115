using System.CommandLine;
using System.Text.Json;
using Batching.Cli.Input;
using Batching.Client;
using Grpc.Core;

namespace Batching.Cli.Commands;

/// <summary>The options that every command has, and what every command does around its work.</summary>
internal sealed class SharedOptions(Stream output, TextWriter error, TimeProvider time)
{
    private readonly Option<string?> _url = new("--url")
    {
        Description = "The gateway. BATCH_URL, else http://localhost:8080.",
        Recursive = true,
        HelpName = "URL",
    };

    private readonly Option<string?> _token = new("--token")
    {
        Description = "The credential: a bearer token, or scheme and value. BATCH_TOKEN, which other users of the machine can't see.",
        Recursive = true,
        HelpName = "TOKEN",
    };

    private readonly Option<bool> _json = new("--json")
    {
        Description = "Says everything as JSON.",
        Recursive = true,
    };

    private readonly Option<bool> _quiet = new("--quiet", "-q")
    {
        Description = "Shows no progress, and says nothing but errors and what was asked for.",
        Recursive = true,
    };

    public IEnumerable<Option> All => [_url, _token, _json, _quiet];

    /// <summary>Sets what a command does.</summary>
    /// <param name="command">The command.</param>
    /// <param name="work">Does it, and returns the exit code.</param>
    public void SetAction(Command command, Func<CliContext, ParseResult, CancellationToken, Task<int>> work) =>
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, work, cancellationToken));

    /// <summary>Whether the command line itself names the gateway.</summary>
    public bool NamesUrl(ParseResult parsed) => parsed.GetValue(_url) is not null;

    private async Task<int> RunAsync(
        ParseResult parsed, Func<CliContext, ParseResult, CancellationToken, Task<int>> work, CancellationToken cancellationToken)
    {
        var isJson = parsed.GetValue(_json);
        try
        {
            var context = new CliContext(
                output,
                error,
                time,
                ReadUrl(parsed.GetValue(_url)),
                parsed.GetValue(_token) ?? Environment.GetEnvironmentVariable("BATCH_TOKEN"),
                isJson,
                parsed.GetValue(_quiet));
            return await work(context, parsed, cancellationToken);
        }
        catch (CommandFailedException exception)
        {
            return Fail(isJson, exception.ExitCode, exception.Message);
        }
        catch (InputException exception)
        {
            return Fail(isJson, ExitCode.Usage, $"Nothing was submitted:\n{exception.Message}");
        }
        catch (BatchException exception)
        {
            return Fail(isJson, ExitCode.Of(exception), Describe(exception));
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Fail(isJson, ExitCode.Error, exception.Message);
        }
    }

    private static Uri ReadUrl(string? given)
    {
        var text = given ?? Environment.GetEnvironmentVariable("BATCH_URL") ?? "http://localhost:8080";
        return Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}", UriKind.Absolute, out var url)
            && url.Scheme is "http" or "https"
            ? url
            : throw new CommandFailedException(ExitCode.Usage, $"{text} is no URL of a gateway: http://HOST:PORT or https://HOST.");
    }

    private static string Describe(BatchException exception)
    {
        var message = exception.Message.Length > 0 ? exception.Message : $"The gateway says {exception.StatusCode}.";
        message = exception.StatusCode == StatusCode.Unavailable && exception.RetryAfter is null
            ? $"The gateway can't be reached: {message}"
            : message;
        message = string.Join('\n', [message, .. exception.Problems.Select(problem => $"{problem.Field}: {problem.Message}")]);
        return exception.RetryAfter is { } delay ? $"{message}\nTry again in {Terminal.ProgressText.Of(delay)}." : message;
    }

    private int Fail(bool isJson, int exitCode, string message)
    {
        error.WriteLine(isJson
            ? $$$"""{"error":{"exitCode":{{{exitCode}}},"message":"{{{JsonEncodedText.Encode(message)}}}"}}"""
            : message);
        return exitCode;
    }
}
