using Google.Protobuf;
using Grpc.AspNetCore.JsonTranscoding.Internal.Binding;
using Grpc.AspNetCore.JsonTranscoding.Internal.Json;
using Grpc.AspNetCore.JsonTranscoding.Internal.Templates;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Calls;

/// <summary>
/// Makes the request message of one route: from the body, then the query, then the path, which has the last
/// word.
/// </summary>
internal sealed class RequestReader(TranscodedRoute route)
{
    private readonly bool _isRaw = route.HasBody && RawBody.IsRaw(route.Method.InputType, route.BodyField);

    public ValueTask ReadAsync(HttpContext context, IMessage request)
    {
        if (route.HasBody)
        {
            return ReadBodyAsync(context, request);
        }

        ReadQueryAndPath(context, request);
        return ValueTask.CompletedTask;
    }

    private async ValueTask ReadBodyAsync(HttpContext context, IMessage request)
    {
        var dialect = route.Dialect;
        if (!_isRaw && !dialect.AcceptsAnyContentType && !IsJson(context.Request))
        {
            throw new RefusedRequestException(CallError.FromHttp(
                StatusCodes.Status415UnsupportedMediaType,
                StatusCode.InvalidArgument,
                "The content type must be application/json, in UTF-8."));
        }

        var body = await RequestBody.ReadAsync(context, dialect.GetMaxRequestBodySize(context, route));
        try
        {
            if (_isRaw)
            {
                RawBody.Read(context, body.Bytes, request, route.BodyField);
            }
            else if (route.MaxRequestBodyMemory is { } limit && DecodedSize.Exceeds(body.Bytes, dialect, limit))
            {
                throw new RefusedRequestException(CallError.FromHttp(
                    StatusCodes.Status413PayloadTooLarge,
                    StatusCode.ResourceExhausted,
                    $"The body has too many parts: decoded it takes more than {limit} bytes. Send fewer in one body."));
            }
            else
            {
                dialect.ReadBody(context, route, body.Bytes, request);
            }
        }
        finally
        {
            body.Release();
        }

        ReadQueryAndPath(context, request);
    }

    private void ReadQueryAndPath(HttpContext context, IMessage request)
    {
        route.Dialect.ReadQuery(context, route, QueryText.Parse(context.Request.QueryString.Value), request);

        var variables = route.ParsedTemplate.Variables;
        if (variables.Count == 0)
        {
            return;
        }

        var path = PathReader.GetPath(context, out var isEncoded);
        for (var i = 0; i < variables.Count; i++)
        {
            try
            {
                var value = PathReader.Read(route.ParsedTemplate, variables[i], path, isEncoded);
                route.PathFields[i].Set(request, value);
            }
            catch (JsonValueException e)
            {
                throw new InvalidRequestException(variables[i].FieldPath, e.Message);
            }
        }
    }

    private static bool IsJson(HttpRequest request)
    {
        var type = request.ContentType;
        if (string.IsNullOrEmpty(type) || type == "application/json")
        {
            return true;
        }

        // RFC 8259, section 8.1: JSON between systems is UTF-8.
        return MediaTypeHeaderValue.TryParse(type, out var parsed) &&
            (parsed.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase) ||
                parsed.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase)) &&
            (!parsed.Charset.HasValue ||
                parsed.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase) ||
                parsed.Charset.Equals("\"utf-8\"", StringComparison.OrdinalIgnoreCase) ||
                parsed.Charset.Equals("us-ascii", StringComparison.OrdinalIgnoreCase));
    }
}
