using System.Buffers;
using System.Text.Json;
using Google.Protobuf;
using Google.Rpc;
using Grpc.AspNetCore.JsonTranscoding.Internal.Binding;
using Grpc.AspNetCore.JsonTranscoding.Internal.Json;
using Microsoft.AspNetCore.Http;

namespace Grpc.AspNetCore.JsonTranscoding;

/// <summary>
/// How a family of REST paths reads and writes JSON. The class itself is canonical proto3 JSON as
/// google/api/http.proto describes it; derive from it to give some paths a form of their own, and register
/// the dialect in <see cref="JsonTranscodingOptions.Dialects"/>. One instance serves all calls at once.
/// </summary>
public class JsonDialect
{
    /// <summary>
    /// Whether bodies are read as JSON whatever their <c>Content-Type</c> says. Default false: a type
    /// other than JSON is answered with 415; a missing one is taken for JSON.
    /// </summary>
    public virtual bool AcceptsAnyContentType => false;

    /// <summary>The <c>Content-Type</c> of replies and errors that are no streams.</summary>
    public virtual string ContentType => "application/json";

    /// <summary>
    /// Most bytes of a request body, after decompression; null for no limit. A longer body is answered with
    /// 413.
    /// </summary>
    /// <remarks>Default: the service's <c>MaxReceiveMessageSize</c>, 4 MiB unless configured.</remarks>
    public virtual long? GetMaxRequestBodySize(HttpContext context, TranscodedRoute route) => route.MaxRequestBodySize;

    /// <summary>
    /// Reads the HTTP body. Called for rules with a body, also when the body is empty; before path and query
    /// are bound.
    /// </summary>
    /// <param name="context">The HTTP request.</param>
    /// <param name="route">The rule; its <see cref="TranscodedRoute.BodyField"/> is null for <c>body: "*"</c>.</param>
    /// <param name="json">The whole body, decompressed and within the limit. Valid only during the call.</param>
    /// <param name="request">The request message to fill, empty so far.</param>
    /// <exception cref="InvalidRequestException">The body is bad; name every problem at once.</exception>
    public virtual void ReadBody(
        HttpContext context, TranscodedRoute route, in ReadOnlySequence<byte> json, IMessage request)
    {
        if (json.IsEmpty)
        {
            return;
        }

        if (route.BodyField is { } field)
        {
            route.Json.ReadField(json, request, field);
        }
        else
        {
            route.Json.Read(json, request);
        }
    }

    /// <summary>
    /// Whether <see cref="ReadBody"/> keeps a value as the bytes that it is, so that its parts take no memory of their own.
    /// Asked for large bodies only, where <see cref="JsonTranscodingOptions.MaxRequestBodyMemory"/> limits them.
    /// </summary>
    /// <param name="name">At the name of the property, with its depth.</param>
    /// <param name="value">What kind of value it has.</param>
    public virtual bool KeepsRaw(in Utf8JsonReader name, JsonTokenType value) => false;

    /// <summary>
    /// Binds the query. Called for every request, also one without a query, after body and before path.
    /// </summary>
    /// <remarks>
    /// Binds by field path (<c>a.b.c=1</c>), skips names the message doesn't know and fields that path or
    /// body have taken, and does nothing under <c>body: "*"</c>, where no field is left for the query.
    /// </remarks>
    /// <param name="context">The HTTP request.</param>
    /// <param name="route">The rule.</param>
    /// <param name="query">All parameters, decoded, in the order of the request; a key may appear more than
    /// once.</param>
    /// <param name="request">The request message to fill.</param>
    /// <exception cref="InvalidRequestException">Some values are bad; name every problem at once.</exception>
    public virtual void ReadQuery(
        HttpContext context, TranscodedRoute route, IReadOnlyList<KeyValuePair<string, string>> query, IMessage request)
    {
        if (!route.HasBody || route.BodyField is not null)
        {
            QueryBinder.Bind(route, query, request);
        }
    }

    /// <summary>Writes the reply of a unary call. Status and headers are set already.</summary>
    /// <remarks>
    /// Nothing reaches the client before the first flush or the first 16 KiB, so an exception before that
    /// still becomes an error reply; afterwards it cuts the connection.
    /// </remarks>
    public virtual ValueTask WriteResponseAsync(
        JsonResponseWriter writer, TranscodedRoute route, IMessage request, IMessage response)
    {
        if (route.ResponseBodyField is { } field)
        {
            route.Json.WriteField(writer.Json, response, field);
        }
        else
        {
            route.Json.Write(writer.Json, response);
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>
    /// Writes one record of a server stream: one NDJSON line, or the data of one server-sent event. The
    /// default is <c>{"result": …}</c>, so that no message can be mistaken for the last record.
    /// </summary>
    public virtual void WriteStreamMessage(
        Utf8JsonWriter writer, TranscodedRoute route, IMessage request, IMessage message)
    {
        writer.WriteStartObject();
        writer.WritePropertyName("result"u8);
        if (route.ResponseBodyField is { } field)
        {
            route.Json.WriteField(writer, message, field);
        }
        else
        {
            route.Json.Write(writer, message);
        }

        writer.WriteEndObject();
    }

    /// <summary>
    /// Writes the last record of a server stream. The default is <c>{"status": {"code", "message", "details"}}</c>.
    /// An error before the first message is a plain error reply instead.
    /// </summary>
    /// <returns>
    /// Whether a record was written. False means that the contract's own last message is the end; a stream
    /// that failed and has no record for it is cut, so that it can't pass for a complete one.
    /// </returns>
    public virtual bool WriteStreamEnd(Utf8JsonWriter writer, TranscodedRoute route, IMessage request, Status status)
    {
        writer.WriteStartObject();
        writer.WritePropertyName("status"u8);
        ErrorJson.Write(writer, route.Json, status);
        writer.WriteEndObject();
        return true;
    }

    /// <summary>
    /// Writes the body of an error reply. The default is <c>{"code", "message", "details"}</c>. Called for
    /// errors of the handler, for requests that don't bind, and for unknown paths and methods under the
    /// dialect's prefix.
    /// </summary>
    /// <param name="context">The HTTP request.</param>
    /// <param name="writer">Where to write one JSON value.</param>
    /// <param name="httpStatus">The HTTP status of <paramref name="status"/>, or a closer one such as 404, 405,
    /// 413 or 415.</param>
    /// <param name="status">What went wrong.</param>
    public virtual void WriteError(HttpContext context, Utf8JsonWriter writer, int httpStatus, Status status) =>
        ErrorJson.Write(writer, Json, status);

    /// <summary>The HTTP status to answer with, for clients that can't bear some.</summary>
    public virtual int GetHttpStatus(HttpContext context, int httpStatus) => httpStatus;

    /// <summary>Canonical proto3 JSON with the settings of this server, once the dialect is registered.</summary>
    protected internal ProtoJson Json { get; internal set; } = ProtoJson.Default;
}
