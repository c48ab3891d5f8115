using System.Text.Json;
using Batching.Client;
using Batching.Engine.Content;

namespace Batching.Cli.Output;

/// <summary>Writes the items of pages, each on a line, byte for byte but for line breaks.</summary>
internal sealed class ItemLines(Stream output, string? itemsPointer) : IResultWriter
{
    /// <summary>The first page that is an error: it has ended its walk.</summary>
    public string? Problem { get; private set; }

    /// <exception cref="CommandFailedException">A page has no items where they are expected.</exception>
    public async ValueTask WriteAsync(BatchResult result, CancellationToken cancellationToken)
    {
        // The spawner itself, which has no items; but for it everything of a walk is a page.
        if (result.Index == 0 && result.IsSuccess)
        {
            return;
        }

        if (!result.IsSuccess)
        {
            // Pages that were asked for side by side still come.
            Problem ??= $"The walk ended early, at {result.Request.Path}: "
                + (result.Failure is { } failure ? $"{failure}: {result.FailureMessage}" : $"status {result.StatusCode}.");
            return;
        }

        var page = new MemoryStream();
        WriteItems(result, page);
        await output.WriteAsync(page.GetBuffer().AsMemory(0, (int)page.Length), cancellationToken);
    }

    private void WriteItems(BatchResult result, MemoryStream page)
    {
        if (!result.TryDecodeBody(ResponseJson.MaxBodyBytes, out var body))
        {
            throw NoItems(result, "its body can't be decoded");
        }

        if (body.IsEmpty)
        {
            return;
        }

        var json = ByteOrderMark.Skip(body).Span;
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = int.MaxValue });
            reader.Read();
            if (!(itemsPointer is null ? FindArray(ref reader) : FindPointed(ref reader, itemsPointer)))
            {
                throw NoItems(result, itemsPointer is null ? "it has no array" : $"it has no array at {itemsPointer}");
            }

            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                foreach (var letter in json[start..(int)reader.BytesConsumed])
                {
                    page.WriteByte(letter is (byte)'\n' or (byte)'\r' ? (byte)' ' : letter);
                }

                page.WriteByte((byte)'\n');
            }
        }
        catch (JsonException)
        {
            throw NoItems(result, "it is no JSON");
        }
    }

    // The page itself, or the first array among its members.
    private static bool FindArray(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            return true;
        }

        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            reader.Read();
            if (reader.TokenType == JsonTokenType.StartArray)
            {
                return true;
            }

            reader.Skip();
        }

        return false;
    }

    // RFC 6901, through objects and arrays.
    private static bool FindPointed(ref Utf8JsonReader reader, string pointer)
    {
        foreach (var token in pointer.Split('/').Skip(1))
        {
            var name = token.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            if (!(reader.TokenType == JsonTokenType.StartArray ? MoveToElement(ref reader, name) : MoveToMember(ref reader, name)))
            {
                return false;
            }
        }

        return reader.TokenType == JsonTokenType.StartArray;
    }

    private static bool MoveToMember(ref Utf8JsonReader reader, string name)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var isIt = JsonTokens.FindText(reader) == name;
            reader.Read();
            if (isIt)
            {
                return true;
            }

            reader.Skip();
        }

        return false;
    }

    private static bool MoveToElement(ref Utf8JsonReader reader, string name)
    {
        if (!int.TryParse(name, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var wanted))
        {
            return false;
        }

        for (var at = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; at++)
        {
            if (at == wanted)
            {
                return true;
            }

            reader.Skip();
        }

        return false;
    }

    private static CommandFailedException NoItems(BatchResult result, string why) =>
        new(ExitCode.Error, $"The page {result.Request.Path} has no items: {why}. --items-pointer says where they are; without --items pages are written as they are.");
}
