using System.Buffers;
using System.Text.Json;
using Batching.Engine;
using Batching.V1;
using Google.Protobuf;
using Google.Rpc;
using Grpc.AspNetCore.JsonTranscoding;

namespace Batching.Server.Dialects.V2;

/// <summary>
/// The JSON of the paths under <c>/api/v2</c>: a map of calls in, a map of replies out, and the other forms of
/// <see cref="V2Form"/>.
/// </summary>
/// <param name="maxDepth">Levels that the JSON of a batch may have.</param>
internal sealed class V2Dialect(int maxDepth) : JsonDialect
{
    public override bool AcceptsAnyContentType => true;

    public override bool KeepsRaw(in Utf8JsonReader name, JsonTokenType value) =>
        name.CurrentDepth == 2 && (name.ValueTextEquals("payload"u8) || name.ValueTextEquals("data"u8));

    public override void ReadBody(
        HttpContext context, TranscodedRoute route, in ReadOnlySequence<byte> json, IMessage request)
    {
        var submission = Begin(context, request);
        V2RequestReader.Read(json, maxDepth, submission);
    }

    public override void ReadQuery(
        HttpContext context,
        TranscodedRoute route,
        IReadOnlyList<KeyValuePair<string, string>> query,
        IMessage request)
    {
        // The query of a POST has no calls.
        if (!route.HasBody)
        {
            V2QueryReader.Read(query, Begin(context, request));
        }
    }

    public override async ValueTask WriteResponseAsync(
        JsonResponseWriter writer, TranscodedRoute route, IMessage request, IMessage response)
    {
        var json = writer.Json;
        var form = writer.HttpContext.Features.Get<V2Submission>()!.Form;
        var isEnveloped = form is V2Form.EnvelopedMap or V2Form.EnvelopedList;
        var isList = form is V2Form.List or V2Form.EnvelopedList;
        if (isEnveloped)
        {
            json.WriteStartObject();
            json.WritePropertyName("responses"u8);
        }

        if (isList)
        {
            json.WriteStartArray();
        }
        else
        {
            json.WriteStartObject();
        }

        foreach (var reply in ((RunBatchResponse)response).Replies)
        {
            if (!isList)
            {
                json.WritePropertyName(reply.Key);
            }

            V2Writer.Write(json, reply.Response, isEnveloped);
            await writer.FlushIfFullAsync();
        }

        if (isList)
        {
            json.WriteEndArray();
        }
        else
        {
            json.WriteEndObject();
        }

        if (isEnveloped)
        {
            json.WriteEndObject();
        }
    }

    public override void WriteError(HttpContext context, Utf8JsonWriter writer, int httpStatus, Status status) =>
        V2Errors.Write(writer, httpStatus, status);

    private static V2Submission Begin(HttpContext context, IMessage request)
    {
        var submission = new V2Submission((RunBatchRequest)request);
        context.Features.Set(submission);
        context.Features.Set(submission.Problems);
        return submission;
    }
}
