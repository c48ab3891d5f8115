using System.Buffers;
using System.CommandLine;
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
            Description = "How many items at most, by the parameter \"limit\". PAGINATION may name another one: then put it into the path.",
            HelpName = "COUNT",
        };
        var overwrite = new Option<bool>("--overwrite") { Description = "Gives up what is in the output file." };
        var command = new Command("walk", "Fetches every page of a collection, and writes pages or items.")
        {
            path, output, items, itemsPointer, pagination, limit, overwrite,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(limit) is < 1)
            {
                result.AddError("--limit must be 1 or more.");
            }
        });
        shared.SetAction(command, async (context, parsed, cancellationToken) =>
        {
            var call = ToCall(
                parsed.GetValue(path)!, parsed.GetValue(limit), parsed.GetValue(pagination), parsed.GetValue(itemsPointer));
            using var client = context.NewPatientClient();
            return await new BatchRunner(context, client).RunAsync(
                new RunPlan
                {
                    CopyCalls = (copy, stop) => copy.WriteAsync(call, stop).AsTask(),
                    Format = CallFormat.Jsonl,
                    Shape = new OutputShape
                    {
                        Items = parsed.GetValue(items),
                        ItemsPointer = parsed.GetValue(itemsPointer) ?? CallReader.Read(call.Span).Pagination?.ItemsPointer,
                    },
                    Output = parsed.GetValue(output),
                    Overwrite = parsed.GetValue(overwrite),
                },
                cancellationToken);
        });
        return command;
    }

    private static ReadOnlyMemory<byte> ToCall(string path, int? limit, string? pagination, string? itemsPointer)
    {
        try
        {
            var call = new ArrayBufferWriter<byte>();
            using (var json = new Utf8JsonWriter(call))
            {
                json.WriteStartObject();
                json.WriteString("path"u8, path);
                json.WriteBoolean("spawner"u8, true);
                if (limit is { } count)
                {
                    json.WriteStartObject("params"u8);
                    json.WriteNumber("limit"u8, count);
                    json.WriteEndObject();
                }

                WritePagination(json, pagination, itemsPointer);
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
