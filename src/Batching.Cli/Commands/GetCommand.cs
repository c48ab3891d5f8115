using System.Buffers;
using System.CommandLine;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Batching.Cli.Output;
using Batching.Client;
using Batching.V1;

namespace Batching.Cli.Commands;

/// <summary><c>batch get</c>: makes a few calls at once, and shows their replies by their keys.</summary>
internal static class GetCommand
{
    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    public static Command Create(SharedOptions shared)
    {
        var calls = new Argument<string[]>("CALLS")
        {
            Description = "KEY=PATH for each call. A path alone, which begins with a slash, is its own key.",
            Arity = ArgumentArity.OneOrMore,
        };
        var headers = new Option<bool>("--headers") { Description = "Shows the header fields of the responses, too." };
        var body = new Option<bool>("--body")
        {
            Description = "Of one call: writes the body of its response byte for byte, and nothing else.",
        };
        var command = new Command("get", "Makes a few GET calls at once, and shows their replies as a JSON object. Nothing is stored.")
        {
            calls, headers, body,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(body) && result.GetValue(calls) is { Length: > 1 })
            {
                result.AddError("--body is for one call.");
            }
        });
        shared.SetAction(command, async (context, parsed, cancellationToken) =>
        {
            using var client = context.NewClient();
            var replies = await client.RunAsync(parsed.GetValue(calls)!.Select(ReadCall), cancellationToken);
            if (parsed.GetValue(body))
            {
                WriteBody(context, replies.Values.Single());
            }
            else
            {
                context.WriteLine(ToJson(replies, parsed.GetValue(headers)));
            }

            return replies.Values.All(reply => reply.StatusCode < 400) ? ExitCode.Success : ExitCode.SomeFailed;
        });
        return command;
    }

    private static KeyValuePair<string, Request> ReadCall(string call)
    {
        var equals = call.StartsWith('/') ? -1 : call.IndexOf('=', StringComparison.Ordinal);
        var path = call[(equals + 1)..];
        return path.Length == 0
            ? throw new CommandFailedException(ExitCode.Usage, $"{call} has no path: KEY=PATH.")
            : KeyValuePair.Create(equals < 0 ? call : call[..equals], BatchCall.Get(path));
    }

    private static void WriteBody(CliContext context, CallReply reply)
    {
        if (reply.Failure is { } failure)
        {
            throw new CommandFailedException(ExitCode.SomeFailed, $"{failure}: {reply.FailureMessage}");
        }

        context.Output.Write(reply.Body.Span);
    }

    private static string ToJson(IReadOnlyDictionary<string, CallReply> replies, bool withHeaders)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(output, WriterOptions))
        {
            json.WriteStartObject();
            foreach (var (key, reply) in replies)
            {
                json.WriteStartObject(key);
                ResponseJson.Write(json, reply, withHeaders);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
