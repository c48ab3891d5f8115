using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Batching.Client;
using Grpc.Core;

namespace Batching.Cli.Commands;

/// <summary><c>batch doctor</c>: says whether the gateway can be used from here, and where a path leads.</summary>
internal static class DoctorCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static Command Create(SharedOptions shared)
    {
        var path = new Argument<string?>("PATH")
        {
            Description = "A path of the API behind the gateway, which is called once by GET.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var limits = new Option<bool>("--limits") { Description = "Also lists every limit, by the name of its key in the configuration." };
        var command = new Command("doctor", "Finds out whether the gateway can be reached and used, what its limits are, and where a path leads.")
        {
            path, limits,
        };
        shared.SetAction(command, async (context, parsed, cancellationToken) =>
        {
            using var client = context.NewClient(TimeSpan.Zero);
            var findings = new List<(string Name, bool IsGood, string Text)>();
            if (await CheckAsync("gateway", () => AskHealthAsync(context.Url, cancellationToken)))
            {
                var isUsable = await CheckAsync("grpc", () => AskForBatchesAsync(client, context.Token, cancellationToken));
                if (isUsable)
                {
                    foreach (var (name, text, details) in await GatewayDescription.AskAsync(client, cancellationToken))
                    {
                        Write(name, true, text, details);
                        foreach (var (limit, value) in parsed.GetValue(limits) && !context.IsJson ? details : [])
                        {
                            context.WriteLine($"              {limit} = {value}");
                        }
                    }
                }

                if (isUsable && parsed.GetValue(path) is { } given)
                {
                    await CheckAsync("path", () => AskForPathAsync(client, given, cancellationToken));
                }
            }

            return findings.All(finding => finding.IsGood) ? ExitCode.Success : ExitCode.Unavailable;

            async Task<bool> CheckAsync(string name, Func<Task<(bool IsGood, string Text)>> ask)
            {
                var (isGood, text) = await ask();
                findings.Add((name, isGood, text));
                Write(name, isGood, text, []);
                return isGood;
            }

            void Write(string name, bool isGood, string text, IReadOnlyCollection<KeyValuePair<string, string>> details) =>
                context.WriteLine(!context.IsJson
                    ? $"{(isGood ? "ok  " : "BAD ")} {name,-8} {text}"
                    : $$"""{"check":"{{name}}","ok":{{(isGood ? "true" : "false")}},"text":"{{JsonEncodedText.Encode(text)}}"{{ToMember(details)}}}""");
        });
        return command;
    }

    private static string ToMember(IReadOnlyCollection<KeyValuePair<string, string>> details) => details.Count == 0
        ? ""
        : $$""","details":{{{string.Join(',', details.Select(detail =>
            $"\"{JsonEncodedText.Encode(detail.Key)}\":\"{JsonEncodedText.Encode(detail.Value)}\""))}}}""";

    private static async Task<(bool IsGood, string Text)> AskHealthAsync(Uri url, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { Timeout = Patience };
        var started = Stopwatch.GetTimestamp();
        try
        {
            using var reply = await http.GetAsync(new Uri(url, "/healthz/ready"), cancellationToken);
            var time = string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(started).TotalMilliseconds:N0} ms");
            return reply.StatusCode switch
            {
                HttpStatusCode.OK => (true, $"{url} is ready ({time})."),
                HttpStatusCode.ServiceUnavailable => (false, $"{url} answers, but takes no work at the moment: it can't store anything, or is stopping."),
                _ => (false, $"{url} answers with status {(int)reply.StatusCode} at /healthz/ready. That is no Batch gateway, or a proxy does not let it through."),
            };
        }
        catch (HttpRequestException exception)
        {
            return (false, $"{url} can't be reached: {exception.Message}");
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (false, $"{url} has not answered within {Patience.TotalSeconds} s.");
        }
    }

    private static async Task<(bool IsGood, string Text)> AskForBatchesAsync(
        BatchClient client, string? token, CancellationToken cancellationToken)
    {
        var who = string.IsNullOrEmpty(token) ? "without a credential" : "with your credential";
        try
        {
            var newest = await client.ListAsync(cancellationToken).FirstOrDefaultAsync(cancellationToken);
            return (true, newest is null
                ? $"Calls {who} are served; you have no batches."
                : $"Calls {who} are served; your newest batch is {newest.Id}.");
        }
        catch (BatchException exception)
        {
            return (false, exception.StatusCode switch
            {
                StatusCode.Unauthenticated => $"Calls {who} are refused: {exception.Message}",
                StatusCode.Unimplemented => "It serves HTTP, but not batch.v1.BatchService.",
                _ => $"Calls over HTTP/2 fail ({exception.StatusCode}): {exception.Message} A proxy in front has to speak HTTP/2 to both sides.",
            });
        }
    }

    private static async Task<(bool IsGood, string Text)> AskForPathAsync(
        BatchClient client, string path, CancellationToken cancellationToken)
    {
        try
        {
            var reply = (await client.RunAsync([KeyValuePair.Create("path", BatchCall.Get(path))], cancellationToken))["path"];
            return reply switch
            {
                { Failure: { } failure, StatusCode: 400 } => (false, $"{path} is refused: {reply.FailureMessage} ({failure})"),
                { Failure: { } failure } => (false, $"{path} has no answer: {failure}: {reply.FailureMessage}"),
                { StatusCode: >= 400 } => (false, $"{path} leads to an API, which answers with status {reply.StatusCode}."),
                _ => (true, string.Create(
                    CultureInfo.InvariantCulture,
                    $"{path} leads to an API, which answers with status {reply.StatusCode}, {reply.Size:N0} bytes of {(reply.ContentType.Length > 0 ? reply.ContentType : "no type")}.")),
            };
        }
        catch (BatchException exception)
        {
            return (false, $"{path} could not be called: {exception.Message}");
        }
    }
}
