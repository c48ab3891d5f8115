using System.Buffers;
using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Batching.Cli.Input;
using Batching.Cli.Output;
using Batching.Cli.Running;

namespace Batching.Cli.Commands;

/// <summary><c>batch walk</c>: fetches every page of a collection.</summary>
internal static class WalkCommand
{
    public static Command Create(SharedOptions shared)
    {
        var path = new Argument<string>("PATH") { Description = "The path of the collection, which may have a query." };
        var output = new Option<string?>("--output", "-o")
        {
            Description = "A file for the pages or items. A walk that is cut goes on with \"batch resume FILE\". Standard output by default.",
            HelpName = "FILE",
        };
        var items = new Option<bool>("--items") { Description = "Writes the items of the pages, each as a line of JSON, and nothing else." };
        var itemsPointer = new Option<string?>("--items-pointer")
        {
            Description = "Where a page has its items, as a JSON Pointer. By default the page itself, else the first array among its members.",
            HelpName = "POINTER",
        };
        var pagination = new Option<string?>("--pagination", "-p")
        {
            Description = "How the pages follow each other: the name of a preset, or an object as in REST v0. By default as the pages show.",
            HelpName = "PRESET|JSON",
        };
        var limit = new Option<int?>("--limit", "-n")
        {
            Description = "How many items at most, by the parameter \"limit\". If the API has another one: --param NAME=COUNT.",
            HelpName = "COUNT",
        };
        var parameters = new Option<string[]>("--param")
        {
            Description = "A parameter for the query string, percent-encoded when it is sent. May be given more than once.",
            HelpName = "NAME=VALUE",
        };
        var data = new Option<string?>("--data", "-d")
        {
            Description = "A JSON body, for collections that are asked for by POST. The preset, or \"safe\" in --pagination, has to say that the call changes nothing.",
            HelpName = "JSON",
        };
        var overwrite = new Option<bool>("--overwrite") { Description = "Gives up what is in the output file." };
        var command = new Command("walk", "Fetches every page of a collection, and writes pages or items.")
        {
            path, output, items, itemsPointer, pagination, limit, parameters, data, overwrite,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(limit) is < 1)
            {
                result.AddError("--limit must be 1 or more.");
            }

            if (result.GetValue(parameters)?.FirstOrDefault(parameter => parameter.IndexOf('=', StringComparison.Ordinal) < 1) is { } bad)
            {
                result.AddError($"--param {bad} is not NAME=VALUE.");
            }
        });
        shared.SetAction(command, async (context, parsed, cancellationToken) =>
        {
            var call = ToCall(
                parsed.GetValue(path)!,
                [.. ReadParameters(parsed.GetValue(parameters), parsed.GetValue(limit))],
                parsed.GetValue(pagination),
                parsed.GetValue(itemsPointer),
                parsed.GetValue(data));
            using var client = context.NewPatientClient();
            var pointer = parsed.GetValue(items)
                ? await ItemsPlace.FindAsync(client, CallReader.Read(call.Span), cancellationToken)
                : null;
            return await new BatchRunner(context, client).RunAsync(
                new RunPlan
                {
                    CopyCalls = (copy, stop) => copy.WriteAsync(call, stop).AsTask(),
                    Format = CallFormat.Jsonl,
                    Shape = new OutputShape
                    {
                        Items = parsed.GetValue(items),
                        ItemsPointer = pointer,
                    },
                    Output = parsed.GetValue(output),
                    Overwrite = parsed.GetValue(overwrite),
                },
                cancellationToken);
        });
        return command;
    }

    private static IEnumerable<(string Name, string Value)> ReadParameters(string[]? parameters, int? limit)
    {
        if (limit is { } count)
        {
            yield return ("limit", count.ToString(CultureInfo.InvariantCulture));
        }

        foreach (var parameter in parameters ?? [])
        {
            var equals = parameter.IndexOf('=', StringComparison.Ordinal);
            yield return (parameter[..equals], parameter[(equals + 1)..]);
        }
    }

    private static ReadOnlyMemory<byte> ToCall(
        string path, (string Name, string Value)[] parameters, string? pagination, string? itemsPointer, string? data)
    {
        try
        {
            var call = new ArrayBufferWriter<byte>();
            using (var json = new Utf8JsonWriter(call))
            {
                json.WriteStartObject();
                json.WriteString("path"u8, path);
                json.WriteBoolean("spawner"u8, true);
                if (parameters.Length > 0)
                {
                    WriteParameters(json, parameters);
                }

                WritePagination(json, pagination, itemsPointer);
                if (data is not null)
                {
                    json.WriteString("method"u8, "POST"u8);
                    json.WritePropertyName("body"u8);
                    WriteData(json, data);
                }

                json.WriteEndObject();
            }

            CallReader.Read(call.WrittenSpan);
            return call.WrittenMemory;
        }
        catch (Exception exception) when (exception is FormatException or JsonException)
        {
            throw new CommandFailedException(ExitCode.Usage, $"--pagination is wrong: {exception.Message}");
        }
    }

    // Digit for digit, once it is known to be JSON.
    private static void WriteData(Utf8JsonWriter json, string data)
    {
        try
        {
            json.WriteRawValue(data);
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            throw new CommandFailedException(ExitCode.Usage, $"--data is no JSON: {exception.Message}");
        }
    }

    private static void WriteParameters(Utf8JsonWriter json, (string Name, string Value)[] parameters)
    {
        json.WriteStartObject("params"u8);
        foreach (var group in parameters.GroupBy(parameter => parameter.Name, StringComparer.Ordinal))
        {
            string[] values = [.. group.Select(parameter => parameter.Value)];
            json.WritePropertyName(group.Key);
            if (values is [var one])
            {
                json.WriteStringValue(one);
                continue;
            }

            // A list repeats the name.
            json.WriteStartArray();
            foreach (var value in values)
            {
                json.WriteStringValue(value);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WritePagination(Utf8JsonWriter json, string? pagination, string? itemsPointer)
    {
        if (pagination is null && itemsPointer is null)
        {
            return;
        }

        json.WriteStartObject("pagination"u8);
        if (pagination?.StartsWith('{') == true)
        {
            using var given = JsonDocument.Parse(pagination);
            foreach (var member in given.RootElement.EnumerateObject())
            {
                member.WriteTo(json);
            }
        }
        else if (pagination is not null)
        {
            json.WriteString("preset"u8, pagination);
        }

        if (itemsPointer is not null)
        {
            json.WriteString("items_pointer"u8, itemsPointer);
        }

        json.WriteEndObject();
    }
}
