using Batching.Engine.Configuration;
using Batching.Rest.Requests;
using Google.Api;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Microsoft.AspNetCore.Grpc.JsonTranscoding;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Batching.Rest.Calls;

/// <summary>
/// Prepares REST calls for the official transcoder (Microsoft.AspNetCore.Grpc.JsonTranscoding 10.0.15): the deadline that
/// it does not look at, queries, streams that are compressed, and bodies that it would decode without a limit.
/// </summary>
internal sealed class RestCallMiddleware(RequestDelegate next, IOptions<BatchEngineOptions> options, TimeProvider time)
{
    private readonly LimitOptions _limits = options.Value.Limits;

    public Task InvokeAsync(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<GrpcJsonTranscodingMetadata>() is { } rest
            ? InvokeAsync(context, rest.MethodDescriptor, rest.HttpRule)
            : next(context);

    private async Task InvokeAsync(HttpContext context, MethodDescriptor method, HttpRule rule)
    {
        CallDeadline? deadline = null;
        try
        {
            deadline = CallDeadline.Start(context, time);
            QueryFields.Bind(context.Request, method.InputType);
            if (rule.Body.Length > 0)
            {
                await CheckBodyAsync(context.Request);
            }
            else
            {
                // A service that reads its body takes it for JSON, or looks at what is kept here. Of a type, the transcoder would want a known charset.
                GivenContentType.Keep(context);
                context.Request.ContentType = null;
            }
        }
        catch (Exception exception) when (ToError(exception) is { } error)
        {
            RequestMemory.Find(context)?.EndTurn();
            await context.RefuseAsync(error);
            return;
        }

        using (deadline)
        {
            if (method.IsServerStreaming)
            {
                // The transcoder does not flush its records, and what compresses them would keep them.
                context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            }

            await next(context);
        }
    }

    // Bodies that the transcoder reads: it is given them complete.
    private async Task CheckBodyAsync(HttpRequest request)
    {
        if (!IsJson(request.ContentType))
        {
            throw new RefusedCallException(CallError.Of(
                CallErrorKinds.UnsupportedMediaType,
                "The content type must be application/json, in UTF-8."));
        }

        var body = await RequestBody.ReadAsync(request, _limits.SubmissionBytes);
        var isEmpty = body.Json.IsEmpty;
        try
        {
            JsonMemory.Take(request.HttpContext, body.Json, _limits.DecodedBytes, static (in _) => false);
        }
        finally
        {
            body.Rewind();
        }

        // Clients tend to leave out a message without any field.
        request.Body = isEmpty
            ? new MemoryStream("{}"u8.ToArray(), writable: false)
            : request.BodyReader.AsStream(leaveOpen: true);

        request.ContentType = "application/json";
    }

    // RFC 8259, section 8.1: JSON between systems is UTF-8.
    private static bool IsJson(string? contentType) =>
        string.IsNullOrEmpty(contentType)
        || (MediaTypeHeaderValue.TryParse(contentType, out var type)
            && (type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
                || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase))
            && (!type.Charset.HasValue
                || type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)
                || type.Charset.Equals("\"utf-8\"", StringComparison.OrdinalIgnoreCase)
                || type.Charset.Equals("us-ascii", StringComparison.OrdinalIgnoreCase)));

    private static CallError? ToError(Exception exception) => exception switch
    {
        RefusedCallException refused => refused.Error,
        BadHttpRequestException bad => bad.ToCallError(),
        RpcException rpc => CallError.FromRpc(rpc),
        _ => null,
    };
}
