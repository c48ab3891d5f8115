using System.Buffers;
using System.Text;
using System.Text.Json;
using Batching.Engine.Content;
using Batching.Engine.Model;
using Batching.Rest.Calls;
using Batching.Rest.Requests;
using Batching.V1;

namespace Batching.Rest.V0;

// The bodies that there are: many requests, one, and a pagination alone.
internal ref partial struct V0RequestReader
{
    // As the engine names the request of a call that has one.
    private const string OneField = "request";

    private delegate void Part(ref V0RequestReader reader);

    /// <summary>Reads all requests.</summary>
    /// <param name="json">The body.</param>
    /// <param name="maxDepth">Levels that it may have.</param>
    /// <param name="request">Gets the requests.</param>
    /// <returns>What is wrong with them.</returns>
    /// <exception cref="RefusedCallException">The body is not JSON, or no array.</exception>
    public static List<Problem> Read(in ReadOnlySequence<byte> json, int maxDepth, CreateBatchRequest request) =>
        Read(json, maxDepth, "requests", (ref V0RequestReader reader) => reader.ReadBatch(request));

    /// <summary>Reads a body that is one request.</summary>
    /// <inheritdoc cref="Read(in ReadOnlySequence{byte}, int, CreateBatchRequest)"/>
    public static List<Problem> ReadOne(in ReadOnlySequence<byte> json, int maxDepth, out Request request)
    {
        if (json.IsEmpty)
        {
            throw new RefusedCallException(OneField, "must be a JSON object, but the body is empty");
        }

        Request? read = null;
        var problems = Read(json, maxDepth, OneField, (ref V0RequestReader reader) => read = reader.ReadOne());
        request = read!;
        return problems;
    }

    /// <summary>Reads a pagination that stands alone: the text of an object, or else the name of a preset.</summary>
    /// <param name="text">The text.</param>
    /// <param name="maxDepth">Levels that it may have.</param>
    /// <param name="request">Gets it.</param>
    /// <returns>What is wrong with it.</returns>
    /// <exception cref="RefusedCallException">It is not JSON.</exception>
    public static List<Problem> ReadPagination(string text, int maxDepth, Request request)
    {
        if (!text.StartsWith('{'))
        {
            request.Pagination = new Pagination { Preset = text };
            return [];
        }

        return Read(
            new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(text)),
            maxDepth,
            $"{OneField}.pagination",
            (ref V0RequestReader reader) => reader.ReadOnePagination(request));
    }

    private static List<Problem> Read(in ReadOnlySequence<byte> json, int maxDepth, string field, Part part)
    {
        var problems = new List<Problem>();
        try
        {
            var reader = new V0RequestReader(json, maxDepth, problems) { _field = OneField };
            part(ref reader);

            // Throws if anything but white space follows.
            reader._reader.Read();
        }
        catch (Exception exception) when (JsonValues.IsOfReader(exception))
        {
            throw JsonValues.Refuse(field, json, maxDepth, exception);
        }

        return problems;
    }

    /// <summary>A body and params of the requests of a batch are kept as they are.</summary>
    public static bool KeepsRaw(in Utf8JsonReader name) => name.CurrentDepth == 2 && IsKeptRaw(name);

    /// <summary>The same where the request is the body.</summary>
    public static bool KeepsRawOfOne(in Utf8JsonReader name) => name.CurrentDepth == 1 && IsKeptRaw(name);

    private static bool IsKeptRaw(in Utf8JsonReader name) =>
        JsonTokens.Matches(name, "body"u8) || JsonTokens.Matches(name, "params"u8);
}
