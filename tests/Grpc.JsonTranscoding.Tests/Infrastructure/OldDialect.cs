using System.Buffers;
using System.Text.Json;
using Google.Protobuf;
using Google.Rpc;
using Grpc.AspNetCore.JsonTranscoding;
using Microsoft.AspNetCore.Http;
using Transcoding.Test.V1;

namespace Grpc.JsonTranscoding.Tests.Infrastructure;

/// <summary>A dialect that changes everything that one can change.</summary>
internal sealed class OldDialect : JsonDialect
{
    public override bool AcceptsAnyContentType => true;

    public override long? GetMaxRequestBodySize(HttpContext context, TranscodedRoute route) => 1000;

    public override void ReadBody(HttpContext context, TranscodedRoute route, in ReadOnlySequence<byte> json, IMessage request)
    {
        if (json.IsEmpty)
        {
            throw new InvalidRequestException(
            [
                new BadRequest.Types.FieldViolation { Field = "[0]", Description = "one" },
                new BadRequest.Types.FieldViolation { Field = "[1]", Description = "two" },
            ]);
        }

        base.ReadBody(context, route, json, request);
    }

    public override void ReadQuery(
        HttpContext context, TranscodedRoute route, IReadOnlyList<KeyValuePair<string, string>> query, IMessage request) =>
        base.ReadQuery(
            context,
            route,
            [.. query.SelectMany(p => p.Key == "texts" ? p.Value.Split(',').Select(v => KeyValuePair.Create("texts", v)) : [p])],
            request);

    public override async ValueTask WriteResponseAsync(
        JsonResponseWriter writer, TranscodedRoute route, IMessage request, IMessage response)
    {
        var reply = (CallReply)response;
        if (reply.Text == "throw")
        {
            throw new InvalidOperationException("written too early");
        }

        writer.Json.WriteStartObject();
        writer.Json.WriteString("text", reply.Text);
        writer.Json.WriteStartArray("texts");
        foreach (var text in reply.Texts)
        {
            writer.Json.WriteRawValue(text, skipInputValidation: true);
            await writer.FlushIfFullAsync();
            if (text == "\"flush\"")
            {
                await writer.FlushAsync();
            }
            else if (text == "\"throw\"")
            {
                throw new InvalidOperationException("written too late");
            }
        }

        writer.Json.WriteEndArray();
        writer.Json.WriteEndObject();
    }

    public override void WriteStreamMessage(Utf8JsonWriter writer, TranscodedRoute route, IMessage request, IMessage message) =>
        writer.WriteRawValue("{\n  \"i\":\r\n" + ((CallReply)message).Index + "}", skipInputValidation: true);

    public override bool WriteStreamEnd(Utf8JsonWriter writer, TranscodedRoute route, IMessage request, Status status)
    {
        if (status.Code != 5)
        {
            return false;
        }

        writer.WriteStringValue(status.Message);
        return true;
    }

    public override void WriteError(HttpContext context, Utf8JsonWriter writer, int httpStatus, Status status)
    {
        if (status.Message == "throw")
        {
            writer.WriteStartObject();
            throw new InvalidOperationException("an error in an error");
        }

        writer.WriteStartObject();
        writer.WriteNumber("statusCode", httpStatus);
        writer.WriteString("message", status.Message);
        writer.WriteNumber("details", status.Details.Count == 0 ? 0 : status.Details[0].Unpack<BadRequest>().FieldViolations.Count);
        writer.WriteEndObject();
    }

    public override int GetHttpStatus(HttpContext context, int httpStatus) =>
        context.Request.Query["suppress"] == "true" ? 200 : httpStatus;
}
