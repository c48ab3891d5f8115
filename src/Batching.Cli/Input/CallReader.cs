using System.Text.Json;
using System.Text.Unicode;
using Batching.Engine.Content;
using Batching.Rest.V0;
using Batching.V1;
using Google.Protobuf;

namespace Batching.Cli.Input;

/// <summary>
/// Reads a call as <c>POST /api/v0/batch</c> has it: <c>path</c>, <c>method</c>, <c>params</c>, <c>headers</c>, <c>body</c>,
/// <c>spawner</c>, <c>pagination</c>, <c>key</c>, <c>depends_on</c>, <c>run_when</c> and <c>references</c>. The members are told apart, and refused, as the gateway does it.
/// </summary>
internal static class CallReader
{
    // The gateway has a limit of its own, 100 unless configured otherwise, and says it.
    private const int MaxDepth = 1_000;

    /// <summary>Reads the text of one call.</summary>
    /// <param name="json">The text.</param>
    /// <returns>The call.</returns>
    /// <exception cref="FormatException">It is not as it should be; the message says why.</exception>
    public static Request Read(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            reader.Read();
            var request = ReadRequest(ref reader, json);

            // Throws if anything but white space follows.
            reader.Read();
            return request;
        }
        catch (JsonException exception)
        {
            throw new FormatException($"is not valid JSON at byte {exception.BytePositionInLine + 1}", exception);
        }
        catch (InvalidOperationException exception)
        {
            // The reader's way of saying that a string is not valid Unicode.
            throw new FormatException("holds a string that is not valid Unicode", exception);
        }
    }

    /// <summary>Reads what says how a spawner finds its pages: the name of a preset, or an object as JSON.</summary>
    /// <exception cref="FormatException">It is not as it should be; the message says why.</exception>
    public static Pagination ReadPagination(string text)
    {
        if (!text.StartsWith('{'))
        {
            return new Pagination { Preset = text };
        }

        return Read(System.Text.Encoding.UTF8.GetBytes($$"""{"pagination": {{text}}}""")).Pagination;
    }

    private static Request ReadRequest(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new FormatException("must be a JSON object");
        }

        var request = new Request();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = JsonTokens.FindText(reader);
            reader.Read();
            if (reader.TokenType != JsonTokenType.Null)
            {
                ReadProperty(ref reader, json, request, name);
            }
        }

        return request;
    }

    private static void ReadProperty(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, Request request, string? name)
    {
        switch (name)
        {
            case "path":
                request.Path = ReadText(ref reader, name);
                break;
            case "method":
                request.Method = ReadText(ref reader, name);
                break;
            case "params":
                ReadParams(ref reader, json, request);
                break;
            case "body":
                SetBody(request, reader.TokenType == JsonTokenType.String
                    ? ByteString.CopyFromUtf8(reader.GetString()!)
                    : ByteString.CopyFrom(ReadRaw(ref reader, json)));
                break;
            case "headers":
                ReadHeaders(ref reader, request);
                break;
            case "key":
                request.Key = ReadText(ref reader, name);
                break;
            case "depends_on" or "dependsOn":
                Refuse("depends_on", V0RunWhen.FindKeysProblem(ref reader, request));
                break;
            case "run_when" or "runWhen":
                Refuse("run_when", V0RunWhen.FindProblem(ref reader, request));
                break;
            case "references":
                request.References = reader.TokenType is JsonTokenType.True or JsonTokenType.False
                    ? reader.GetBoolean()
                    : throw new FormatException("references must be true or false");
                break;
            case "spawner":
                request.Spawner = reader.TokenType is JsonTokenType.True or JsonTokenType.False
                    ? reader.GetBoolean()
                    : throw new FormatException("spawner must be true or false");
                break;
            case "pagination":
                request.Pagination = ReadPagination(ref reader);
                break;
            default:
                reader.Skip();
                break;
        }
    }

    private static void Refuse(string name, string? problem)
    {
        if (problem is not null)
        {
            throw new FormatException($"{name} {problem}");
        }
    }

    // An array is the body.
    private static void ReadParams(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, Request request)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var raw = ReadRaw(ref reader, json);
                request.ParamsJson = Utf8.IsValid(raw)
                    ? System.Text.Encoding.UTF8.GetString(raw)
                    : throw new FormatException("params is not valid Unicode");
                break;
            case JsonTokenType.StartArray:
                SetBody(request, ByteString.CopyFrom(ReadRaw(ref reader, json)));
                break;
            default:
                throw new FormatException("params must be an object, or an array to be sent as the body");
        }
    }

    private static void SetBody(Request request, ByteString body) => request.Body = request.Body.Length == 0
        ? body
        : throw new FormatException("body is given twice: params that are an array are the body");

    private static void ReadHeaders(ref Utf8JsonReader reader, Request request)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new FormatException("headers must be an object of strings");
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = reader.GetString()!;
            reader.Read();
            if (!request.Headers.TryAdd(name, V0Reference.ReadText(ref reader) ?? ReadText(ref reader, $"headers[{name}]")))
            {
                throw new FormatException($"headers[{name}] is given twice");
            }
        }
    }

    private static Pagination ReadPagination(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            return new Pagination { Preset = reader.GetString()! };
        }

        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new FormatException("pagination must be an object, or the name of a preset");
        }

        var pagination = new Pagination();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.Null && V0Pagination.FindProblem(ref reader, pagination, name) is { } problem)
            {
                throw new FormatException($"pagination.{name} {problem}");
            }
        }

        return pagination;
    }

    private static string ReadText(ref Utf8JsonReader reader, string name) => reader.TokenType == JsonTokenType.String
        ? reader.GetString()!
        : throw new FormatException($"{name} must be a string");

    private static ReadOnlySpan<byte> ReadRaw(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return json[start..(int)reader.BytesConsumed];
    }
}
